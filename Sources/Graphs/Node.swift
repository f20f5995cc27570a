package import Tensors

/// An operator of a domain, as ONNX names it; `domain` is empty for `ai.onnx`.
package struct OperatorName: Hashable, Sendable, CustomStringConvertible {
  package var domain: String
  package var name: String

  package init(_ name: String, domain: String = "") {
    self.domain = domain == "ai.onnx" ? "" : domain
    self.name = name
  }

  package var description: String { domain.isEmpty ? name : "\(domain).\(name)" }
}

/// One operator applied to values. Owns no tensor data but its attributes.
package struct Node: Identifiable, Sendable, Equatable {
  /// Stays with the node through passes; unique within its graph, and within its model once that
  /// is prepared.
  package struct ID: Hashable, Sendable, Comparable {
    package let rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package static func < (left: ID, right: ID) -> Bool { left.rawValue < right.rawValue }
  }

  package let id: ID
  /// The name in the ONNX file, for people. May be empty or repeated; never look up by it.
  package var name: String
  package var operatorName: OperatorName
  /// As the file had them, so that an export is lossless.
  package var attributes: [String: Attribute]
  /// Value names; empty marks an optional input the model left out.
  package var inputs: [String]
  /// Value names; empty marks an output nobody asked for.
  package var outputs: [String]
  package var documentation: String
  /// Overload of a model-local function; nearly always empty.
  package var overload: String
  /// Encoded fields this version does not know, written back as they were.
  package var unknownFields: [UInt8]

  package init(
    id: ID, name: String = "", operatorName: OperatorName, attributes: [String: Attribute] = [:],
    inputs: [String], outputs: [String], documentation: String = "", overload: String = "",
    unknownFields: [UInt8] = []
  ) {
    self.id = id
    self.name = name
    self.operatorName = operatorName
    self.attributes = attributes
    self.inputs = inputs
    self.outputs = outputs
    self.documentation = documentation
    self.overload = overload
    self.unknownFields = unknownFields
  }
}

extension Node {
  /// The same node under another id.
  init(_ node: Node, id: ID) {
    self.init(
      id: id, name: node.name, operatorName: node.operatorName, attributes: node.attributes,
      inputs: node.inputs, outputs: node.outputs, documentation: node.documentation,
      overload: node.overload, unknownFields: node.unknownFields)
  }

  /// Whether this is the `ai.onnx` operator `name`.
  package func `is`(_ name: String) -> Bool {
    operatorName.domain.isEmpty && operatorName.name == name
  }

  /// The input at `index`, or `nil` when the model left it out.
  package func input(_ index: Int) -> String? {
    index < inputs.count && !inputs[index].isEmpty ? inputs[index] : nil
  }

  package func int(_ name: String) -> Int64? {
    if case .int(let value)? = attributes[name] { value } else { nil }
  }

  package func ints(_ name: String) -> [Int64]? {
    if case .ints(let value)? = attributes[name] { value } else { nil }
  }

  package func float(_ name: String) -> Float? {
    if case .float(let value)? = attributes[name] { value } else { nil }
  }

  package func string(_ name: String) -> String? {
    guard case .string(let bytes)? = attributes[name] else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  package func tensor(_ name: String) -> Tensor? {
    if case .tensor(let value)? = attributes[name] { value } else { nil }
  }
}
