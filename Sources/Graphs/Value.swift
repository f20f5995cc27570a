package import Tensors

/// One extent of a value's declared shape.
package enum Dimension: Hashable, Sendable, CustomStringConvertible {
  case fixed(Int)
  /// Known only when data arrive; equal names mean equal extents.
  case symbolic(String)
  case unknown

  package var fixedExtent: Int? {
    if case .fixed(let extent) = self { extent } else { nil }
  }

  package var description: String {
    switch self {
    case .fixed(let extent): "\(extent)"
    case .symbolic(let name): name
    case .unknown: "?"
    }
  }
}

/// What a model declares about an input, an output or an inner value.
package struct ValueDeclaration: Sendable, Equatable {
  package enum Form: Sendable, Equatable {
    /// A tensor, or a kind that this version does not interpret.
    case tensor
    case sequence
    /// A tensor or a sequence, or nothing.
    case optional
  }

  package var name: String
  /// `nil` for sequences, optionals and other non-tensor types, kept in `encodedType`.
  package var elementType: ElementType?
  /// `nil` when the model does not declare a shape.
  package var dimensions: [Dimension]?
  package var form: Form
  /// The encoded `ValueInfoProto` that a lossless export starts from; empty for a new value.
  package var encoded: [UInt8]

  package init(
    name: String, elementType: ElementType?, dimensions: [Dimension]?, form: Form = .tensor,
    encoded: [UInt8] = []
  ) {
    self.form = form
    self.name = name
    self.elementType = elementType
    self.dimensions = dimensions
    self.encoded = encoded
  }
}

/// A constant stored with the model.
package struct Initializer: Sendable, Equatable {
  package var tensor: Tensor
  package var documentation: String
  /// Path of the file that held the bytes, relative to the model's folder, when they were outside.
  package var externalLocation: String?
  /// Encoded fields this version does not interpret, written back as they were.
  package var unknownFields: [UInt8]

  package init(
    _ tensor: Tensor, documentation: String = "", externalLocation: String? = nil,
    unknownFields: [UInt8] = []
  ) {
    self.tensor = tensor
    self.documentation = documentation
    self.externalLocation = externalLocation
    self.unknownFields = unknownFields
  }
}
