/// An operator that a model defines itself, by a body of other operators.
package struct LocalFunction: Sendable, Equatable {
  package var operatorName: OperatorName
  package var overload: String
  package var inputs: [String]
  package var outputs: [String]
  /// Values of attributes that a call leaves out.
  package var defaults: [String: Attribute]
  /// Its nodes; attributes may refer to those of the call.
  package var body: Graph
  /// The `ai.onnx` opset of its nodes.
  package var opset: Int64?
  /// The function as the file has it, which an export repeats.
  package var encoded: [UInt8]

  package init(
    _ operatorName: OperatorName, overload: String = "", inputs: [String], outputs: [String],
    defaults: [String: Attribute] = [:], body: Graph, opset: Int64? = nil, encoded: [UInt8] = []
  ) {
    self.operatorName = operatorName
    self.overload = overload
    self.inputs = inputs
    self.outputs = outputs
    self.defaults = defaults
    self.body = body
    self.opset = opset
    self.encoded = encoded
  }
}
