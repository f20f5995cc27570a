import Tensors

/// How the samples of one store become one input of a model.
struct SampleBinding: Sendable {
  /// What one unit of data, the least that can be fed at a time, consists of.
  enum Form: Sendable, Equatable {
    /// `rows` samples under a new first axis; a batch holds any number of units when `isFlexible`.
    case stacked(rows: Int, isFlexible: Bool)
    /// The same, for an input whose second dimension is 1 and missing from the samples.
    case stackedWithChannel(rows: Int, isFlexible: Bool)
    /// One sample is the whole input.
    case whole
  }

  let input: InputSpecification
  let store: any SampleStore
  let form: Form
  let preprocessing: Preprocessing
  /// What keeps the data from fitting; `nil` when it fits as far as can be known.
  let misfit: Misfit?

  var rowsPerUnit: Int {
    switch form {
    case .stacked(let rows, _), .stackedWithChannel(let rows, _): rows
    case .whole: 1
    }
  }

  var isFlexible: Bool {
    switch form {
    case .stacked(_, let isFlexible), .stackedWithChannel(_, let isFlexible): isFlexible
    case .whole: false
    }
  }

  var unitCount: Int { store.count / rowsPerUnit }

  /// The input for some units, before it is compared with what the model takes.
  func tensor(units: [Int]) throws(DatasetError) -> Tensor {
    var samples: [Tensor] = []
    let rows = rowsPerUnit
    for unit in units {
      for row in unit * rows..<(unit + 1) * rows {
        let place = store.place(of: row)
        let sample = try preprocessing.applied(to: try store.sample(row), place: place)
        samples.append(try cast(sample, place: place))
      }
    }
    switch form {
    case .whole:
      return samples[0]
    case .stacked:
      return try Tensor.stacked(samples, place: "the input '\(input.name)'")
    case .stackedWithChannel:
      let batch = try Tensor.stacked(samples, place: "the input '\(input.name)'")
      var extents = batch.shape.dimensions
      extents.insert(1, at: 1)
      return batch.reshaped(to: Shape(extents))
    }
  }

  /// To the input's type where every value survives; other types are left for the check to refuse.
  private func cast(_ sample: Tensor, place: String) throws(DatasetError) -> Tensor {
    guard Misfit.casts(sample.elementType, to: input.elementType) else { return sample }
    return try sample.converted(to: input.elementType, rounding: false, place: place)
  }
}
