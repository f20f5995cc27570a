internal import Graphs
internal import Kernels
internal import Tensors

/// What makes the int32 sums of MatMulInteger or ConvInteger real: Cast, Mul with the product of both
/// scales, Add of a constant bias.
struct DynamicChain {
  /// The DynamicQuantizeLinear that makes the codes.
  let quantizer: Int
  /// Whether nothing else reads what that makes.
  let ownsQuantizer: Bool
  let weightScales: [Float]
  let bias: [Float]?
  /// Everything behind the sums, in order.
  let units: [Int]

  /// - Parameters:
  ///   - index: of the unit that makes the sums.
  ///   - channelAxis: of the sums, from the end.
  /// - Returns: `nil` when the sums go another way.
  init?(
    _ index: Int, channels: Int, channelAxis: Int, rank: Int, _ compiler: PlanCompiler
  ) throws(ExecutionError) {
    let graph = compiler.graph
    let unit = graph.units[index]
    func reader(of value: String, _ name: String) -> Int? {
      guard let reader = graph.soleReader(of: value), !compiler.isAbsorbed(reader),
        graph.units[reader].is(name)
      else { return nil }
      return reader
    }
    /// A constant that is one number, or one for each channel.
    func constant(_ name: String) throws(ExecutionError) -> [Float]? {
      guard let value = try compiler.existingValue(named: name), value.elementType == .float32,
        value.shape.rank <= rank, let tensor = compiler.constant(of: value)
      else { return nil }
      let count = value.shape.elementCount
      guard count > 1 else { return tensor.floats }
      let axis = value.shape.rank - channelAxis
      return count == channels && axis >= 0 && value.shape[axis] == channels ? tensor.floats : nil
    }

    guard compiler.fuses, unit.inputs.count > 2, let codes = graph.producer(of: unit.inputs[0]),
      case let maker = graph.units[codes], maker.is("DynamicQuantizeLinear"),
      maker.outputs.count == 3, unit.inputs[0] == maker.outputs[0],
      unit.inputs[2] == maker.outputs[2],
      let cast = reader(of: unit.outputs[0], "Cast"),
      graph.units[cast].node?.int("to") == Int64(ElementType.float32.rawValue),
      let product = reader(of: graph.units[cast].outputs[0], "Mul"),
      let factor = graph.units[product].inputs.first(where: {
        $0 != graph.units[cast].outputs[0]
      }),
      let scaling = graph.producer(of: factor), graph.soleReader(of: factor) == product,
      !compiler.isAbsorbed(scaling), graph.units[scaling].is("Mul"),
      graph.units[scaling].inputs.contains(maker.outputs[1]),
      let weightScale = graph.units[scaling].inputs.first(where: { $0 != maker.outputs[1] }),
      let scales = try constant(weightScale)
    else { return nil }
    let ownsQuantizer =
      graph.soleReader(of: maker.outputs[0]) == index
      && graph.soleReader(of: maker.outputs[1]) == scaling
      && graph.soleReader(of: maker.outputs[2]) == index
    // What is shared was compiled before, and so may the product of scales have been.
    guard ownsQuantizer || scaling > index else { return nil }
    weightScales = scales
    quantizer = codes
    self.ownsQuantizer = ownsQuantizer
    var units = [cast, scaling, product]
    var bias: [Float]?
    if let addition = reader(of: graph.units[product].outputs[0], "Add"),
      let other = graph.units[addition].inputs.first(where: {
        $0 != graph.units[product].outputs[0]
      }), let values = try constant(other)
    {
      bias = values.count == 1 ? [Float](repeating: values[0], count: channels) : values
      units.append(addition)
    }
    self.bias = bias
    self.units = units
  }
}
