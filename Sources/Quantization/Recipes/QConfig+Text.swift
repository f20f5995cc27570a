extension TensorScheme {
  /// `per-channel symmetric qint8 -127...127, minMax`.
  package var summary: String {
    let shape =
      (granularity == .perChannel ? "per-channel" : "per-tensor")
      + (scale == .powerOfTwo ? " power-of-two" : "")
    return "\(shape) \(symmetry.rawValue) \(type.rawValue) \(range.lowest)...\(range.highest), "
      + observer.text
  }

  /// `u7a`: signed or unsigned, effective bits, affine or symmetric.
  fileprivate var codeForm: String {
    let sign = type.isSigned ? "s" : "u"
    return "\(sign)\(type.bitWidth - (reduceRange ? 1 : 0))\(symmetry == .affine ? "a" : "s")"
  }
}

extension QConfig {
  /// A few letters for tables, activation then weight: `u7a/hist s8s/ch`, `u8a/mm s8s/ch/mse`,
  /// `fp32`. A weight's observer is named only when it is not min-max.
  package var shortForm: String {
    guard precision == .staticInt8 else { return "fp32" }
    let granularity = weight.granularity == .perChannel ? "ch" : "t"
    let observer = weight.observer == .minMax ? "" : "/\(weight.observer.shortName)"
    return "\(activation.codeForm)/\(activation.observer.shortName) "
      + "\(weight.codeForm)/\(granularity)\(observer)"
  }

  /// A value as commands write it.
  package func text(of field: QConfigField) -> String {
    switch field {
    case .precision: precision == .float32 ? "float32" : "int8"
    case .activation(let field): activation.text(of: field)
    case .weight(let field): weight.text(of: field)
    }
  }
}

extension TensorScheme {
  fileprivate func text(of field: SchemeField) -> String {
    switch field {
    case .type: type.rawValue
    case .symmetry: symmetry.rawValue
    case .granularity: granularity.rawValue
    case .observer: observer.text
    case .reduceRange: "\(reduceRange)"
    case .narrowRange: "\(narrowRange)"
    case .epsilon: "\(epsilon)"
    case .scale: scale.rawValue
    }
  }
}
