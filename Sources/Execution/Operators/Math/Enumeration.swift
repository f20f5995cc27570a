internal import Graphs
internal import Tensors

/// Range: numbers at equal distances, the limit left out.
struct Enumeration: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let limits = try [site.constant(0), site.constant(1), site.constant(2)]
    let type = limits[0].elementType
    guard limits.allSatisfy({ $0.elementType == type && $0.elementCount == 1 }) else {
      throw site.mismatch("limits of \(limits.map { "\($0.elementType) \($0.shape)" })")
    }
    // Halves and integers are exact in these two types, and are stored as they are at the end.
    let wide: ElementType = type.isInteger ? .int64 : type == .float32 ? .float32 : .float64
    let wideLimits = limits.compactMap { $0.cast(to: wide) }
    guard type.isInteger || type.isReal || type.isHalf, wideLimits.count == 3 else {
      throw site.wrongType(type)
    }
    let values: Tensor
    switch wide {
    case .int64: values = Tensor(try integers(wideLimits.map { $0.array(of: Int64.self)[0] }, site))
    case .float32: values = Tensor(try reals(wideLimits.map { $0.floats[0] }, site))
    default: values = Tensor(try reals(wideLimits.map { $0.array(of: Double.self)[0] }, site))
    }
    guard let result = values.cast(to: type) else {
      throw site.wrongType(type)
    }
    site.emitConstant(result)
  }

  private func integers(_ limits: [Int64], _ site: OperatorSite) throws(ExecutionError) -> [Int64] {
    let span = Double(limits[1]) - Double(limits[0])
    guard limits[2] != 0, span / Double(limits[2]) < Double(1 << 31) else {
      throw site.mismatch("from \(limits[0]) to \(limits[1]) by \(limits[2])")
    }
    return Array(stride(from: limits[0], to: limits[1], by: Int64.Stride(limits[2])))
  }

  private func reals<Element: BinaryFloatingPoint>(
    _ limits: [Element], _ site: OperatorSite
  ) throws(ExecutionError) -> [Element] {
    let count = max(0, ((limits[1] - limits[0]) / limits[2]).rounded(.up))
    guard count < Element(1 << 31) else {
      throw site.mismatch("from \(limits[0]) to \(limits[1]) by \(limits[2])")
    }
    return (0..<Int(count)).map { limits[0] + Element($0) * limits[2] }
  }
}
