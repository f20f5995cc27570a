/// What a rule speaks of. Later cases win over earlier ones; within a case see ``Recipe``.
package enum RuleScope: Hashable, Sendable {
  case global
  /// ONNX operator type of the layer's main node, such as `Conv`; also `Attention` and
  /// `SqueezeExcite` for all layers that spell one out, and `Attention#2` for those of one.
  case operatorType(String)
  /// A regular expression that must match the layer's whole name.
  case namePattern(String)
  /// All layers of a module, by its path such as `/encoder/0`; of two modules the inner one wins.
  case module(String)
  case layer(String)
  /// One edge, by its value name.
  case tensor(String)
}
