import Tensors

/// Why data cannot be fed to an input.
struct Misfit: Sendable, Equatable {
  var what: String
  var whatToDo: String

  /// Whether values of one type are given to an input of another without being asked.
  ///
  /// Between integers every value is checked; float types take integers and each other.
  static func casts(_ from: ElementType, to: ElementType) -> Bool {
    if from == to { return true }
    let reals: [ElementType] = [.float32, .float64, .float16]
    let integers: [ElementType] = [
      .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64, .bool,
    ]
    if reals.contains(to) { return reals.contains(from) || integers.contains(from) }
    return to != .bool && integers.contains(to) && integers.contains(from)
  }

  /// What is wrong with data of some dimensions and type; `nil` when nothing is.
  ///
  /// `found`: what a batch will have, or what one unit has.
  init?(
    found: [Int?], _ elementType: ElementType, for input: InputSpecification,
    preprocessing: Preprocessing
  ) {
    let wanted = input.dimensions
    if !dimensionsFit(found, wanted) {
      self.init(found: found, wanted: wanted, preprocessing: preprocessing)
    } else if !Self.casts(elementType, to: input.elementType) {
      self.init(
        what: "The data is \(elementType) and the model takes \(input.elementType).",
        whatToDo: Preprocessing.castTypes.contains(input.elementType)
          ? "Map another member, or cast it with --preprocess dtype=\(input.elementType)."
          : "Map a member of that type.")
    } else {
      return nil
    }
  }

  private init(what: String, whatToDo: String) {
    self.what = what
    self.whatToDo = whatToDo
  }

  private init(found: [Int?], wanted: [Int?], preprocessing: Preprocessing) {
    let text = "The data is \(dimensionText(found)) and the model takes \(dimensionText(wanted))"
    if preprocessing.layout == nil, let layouts = Self.swapThatFits(found, wanted) {
      let (from, to) =
        layouts == "nhwc->nchw"
        ? ("channels last", "channels first") : ("channels first", "channels last")
      self.init(
        what: "\(text): the data has its \(from), the model wants them \(to).",
        whatToDo: "Add --preprocess layout=\(layouts).")
    } else if Self.differsOnlyInExtent(found, wanted) {
      self.init(
        what: "\(text): the image size differs.",
        whatToDo: "Add resize= and crop= to --preprocess.")
    } else {
      self.init(
        what: "\(text).",
        whatToDo: "Map another member with --map, or shape the data with --preprocess.")
    }
  }

  /// The layout change that would make four dimensions fit, or nearly so apart from the size.
  static func swapThatFits(_ found: [Int?], _ wanted: [Int?]) -> String? {
    guard found.count == 4, wanted.count == 4 else { return nil }
    let first = [found[0], found[3], found[1], found[2]]
    let last = [found[0], found[2], found[3], found[1]]
    if dimensionsFit(first, wanted) { return "nhwc->nchw" }
    if dimensionsFit(last, wanted) { return "nchw->nhwc" }
    if let channels = wanted[1], [1, 3].contains(channels), found[3] == channels,
      found[1] != channels
    {
      return "nhwc->nchw"
    }
    return nil
  }

  private static func differsOnlyInExtent(_ found: [Int?], _ wanted: [Int?]) -> Bool {
    guard found.count == 4, wanted.count == 4 else { return false }
    func agree(_ axis: Int) -> Bool {
      found[axis] == nil || wanted[axis] == nil || found[axis] == wanted[axis]
    }
    return (agree(1) && !(agree(2) && agree(3))) || (agree(3) && !(agree(1) && agree(2)))
  }
}
