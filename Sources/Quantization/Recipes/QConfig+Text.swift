extension TensorScheme {
  /// `per-channel symmetric qint8 -127...127, minMax`.
  package var summary: String {
    let shape =
      (granularity == .perChannel ? "per-channel" : "per-tensor")
      + (groupSize > 0 ? " in groups of \(groupSize)" : "")
      + (scale == .powerOfTwo ? " power-of-two" : "")
    return "\(shape) \(symmetry.rawValue) \(type.rawValue) \(range.lowest)...\(range.highest), "
      + observer.text
  }

  /// `u7a`: signed or unsigned, effective bits, affine or symmetric.
  fileprivate var codeForm: String {
    let sign = type.isSigned ? "s" : "u"
    return "\(sign)\(type.bitWidth - (reduceRange ? 1 : 0))\(symmetry == .affine ? "a" : "s")"
  }

  fileprivate var weightForm: String {
    let shape = groupSize > 0 ? "g\(groupSize)" : granularity == .perChannel ? "ch" : "t"
    return "\(codeForm)/\(shape)" + (observer == .minMax ? "" : "/\(observer.shortName)")
  }
}

extension QConfig {
  /// A few letters for tables, activation then weight: `u7a/hist s8s/ch`, `u8a/mm s8s/ch/mse`,
  /// `dyn s8s/t`, `w s4s/g32`, `fp32`. A weight's observer is named only when it is not min-max.
  package var shortForm: String {
    switch precision {
    case .float32: "fp32"
    case .staticInt8:
      "\(activation.codeForm)/\(activation.observer.shortName) \(weight.weightForm)"
    case .dynamicInt8: "dyn \(weight.weightForm)"
    case .weightOnly: "w \(weight.weightForm)"
    }
  }

  /// A value as commands write it.
  package func text(of field: QConfigField) -> String {
    switch field {
    case .precision: precision.word
    case .fuse: "\(fuse)"
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
    case .groupSize: "\(groupSize)"
    }
  }
}
