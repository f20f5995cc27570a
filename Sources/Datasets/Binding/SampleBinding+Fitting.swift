import Tensors

extension SampleBinding {
  /// The best way to feed a member to an input, or `nil` when it has too many or few dimensions.
  ///
  /// Many small samples are preferred to few large ones. When nothing fits, the usual view is bound
  /// with its misfit, so that the doctor can look at the data and say what is wrong.
  ///
  /// `rows`: later samples will not be asked for. `areSteps`: samples follow each other.
  static func fitting(
    _ member: DataMember, to input: InputSpecification, preprocessing: Preprocessing,
    upTo rows: Int = .max, areSteps: Bool = false
  ) -> SampleBinding? {
    let stores =
      areSteps || preprocessing.frame != nil
      ? member.sequences(preprocessing.frame) : member.stores(upTo: rows)
    let bindings = stores.map { store in
      candidates(store, input: input, preprocessing: preprocessing)
    }
    let fitting = bindings.joined().filter { $0.misfit == nil }
    return fitting.first { $0.form != .whole } ?? fitting.first ?? bindings.first?.first
  }

  private static func candidates(
    _ store: any SampleStore, input: InputSpecification, preprocessing: Preprocessing
  ) -> [SampleBinding] {
    guard let sample = preprocessing.outputDimensions(store.sampleDimensions) else { return [] }
    let wanted = input.dimensions
    let elementType =
      preprocessing.elementType ?? (preprocessing.changesValues ? .float32 : store.elementType)
    let rows = wanted.first.flatMap { $0 } ?? 1
    let isFlexible = wanted.first.map { $0 == nil } ?? false
    var found: [(Form, [Int?])] = []
    if sample.count == wanted.count - 1, rows > 0, store.count >= rows {
      found.append((.stacked(rows: rows, isFlexible: isFlexible), [wanted[0]] + sample))
    }
    if sample.count == wanted.count - 2, wanted[1] == 1, rows > 0, store.count >= rows {
      let form = Form.stackedWithChannel(rows: rows, isFlexible: isFlexible)
      found.append((form, [wanted[0], 1] + sample))
    }
    if sample.count == wanted.count { found.append((.whole, sample)) }
    return found.map { form, dimensions in
      SampleBinding(
        input: input, store: store, form: form, preprocessing: preprocessing,
        misfit: Misfit(
          found: dimensions, elementType, for: input, preprocessing: preprocessing))
    }
  }
}
