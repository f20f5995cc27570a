internal import Graphs
internal import Tensors

/// DepthToSpace and SpaceToDepth: blocks of pixels become channels, or the other way round.
struct DepthSpace: OperatorKernel {
  private let toSpace: Bool
  private let blockSize: Int
  /// Whether the channels of a block are the outermost part of all channels.
  private let channelsFirst: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    toSpace = node.is("DepthToSpace")
    let size = node.int("blocksize") ?? 0
    let mode = node.string("mode") ?? "DCR"
    guard size > 0, size <= 1 << 16 else {
      throw .invalidAttribute(
        operatorName: node.operatorName.name, node: node.name, attribute: "blocksize",
        detail: "must be given and positive")
    }
    guard mode == "DCR" || mode == "CRD" else {
      throw .invalidAttribute(
        operatorName: node.operatorName.name, node: node.name, attribute: "mode",
        detail: "is '\(mode)'")
    }
    blockSize = Int(size)
    channelsFirst = mode == "CRD"
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let (size, area) = (blockSize, blockSize * blockSize)
    guard shape.rank == 4 else { throw site.mismatch("\(shape) has not 4 axes") }
    guard toSpace ? shape[1] % area == 0 : shape[2] % size == 0 && shape[3] % size == 0 else {
      throw site.mismatch("blocks of \(size) × \(size) in \(shape)")
    }
    guard input.elementType.bitWidth >= 8 else { throw site.wrongType(input.elementType) }
    let split: Shape
    let order: [Int]
    let result: Shape
    if toSpace {
      let channels = shape[1] / area
      split =
        channelsFirst
        ? [shape[0], channels, size, size, shape[2], shape[3]]
        : [shape[0], size, size, channels, shape[2], shape[3]]
      order = channelsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
      result = [shape[0], channels, shape[2] * size, shape[3] * size]
    } else {
      split = [shape[0], shape[1], shape[2] / size, size, shape[3] / size, size]
      order = channelsFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
      result = [shape[0], shape[1] * area, shape[2] / size, shape[3] / size]
    }
    let view = Value(name: input.name, elementType: input.elementType, shape: split)
    view.forms[.rowMajor] = site.read(input)
    let output = Value(
      name: site.lastUnit.outputs[0], elementType: input.elementType, shape: result)
    output.forms[.rowMajor] = try site.permuted(view, order: order, declares: true)
    site.declare(output)
  }
}
