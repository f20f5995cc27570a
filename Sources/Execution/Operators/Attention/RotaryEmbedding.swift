internal import Graphs
internal import Tensors

/// RotaryEmbedding: turns pairs of elements of each head by angles that depend on the position.
struct RotaryEmbedding: OperatorKernel {
  static let widensHalves = true
  private let isInterleaved: Bool
  private let rotatedSize: Int
  private let heads: Int
  /// com.microsoft has the positions before the tables, and takes one offset for all.
  private let isMicrosoft: Bool
  private let scale: Float

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    isInterleaved = node.int("interleaved") ?? 0 != 0
    rotatedSize = Int(clamping: node.int("rotary_embedding_dim") ?? 0)
    heads = Int(clamping: node.int("num_heads") ?? 0)
    isMicrosoft = !node.operatorName.domain.isEmpty
    scale = node.float("scale") ?? 1
    guard scale == 1, rotatedSize >= 0, heads >= 0 else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "scale",
        detail: "is \(scale), with heads \(heads) and \(rotatedSize) rotated elements")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let (cosines, sines, positions) = isMicrosoft ? (2, 3, 1) : (1, 2, 3)
    let tables = try [site.input(cosines), site.input(sines)]
    let places = site.hasInput(positions) ? try IndexOperand(positions, of: site) : nil
    let shape = input.shape
    guard shape.rank == 4 || shape.rank == 3 else { throw site.mismatch("a value of \(shape)") }
    let isFlat = shape.rank == 3
    let batch = shape[0]
    let (rows, width) = isFlat ? (shape[1], shape[2]) : (shape[2], shape[3])
    // Without a number of heads com.microsoft takes it from the tables.
    let tableSize = 2 * (tables[0].shape.dimensions.last ?? 0)
    let count =
      isFlat ? (heads > 0 ? heads : isMicrosoft ? width / max(tableSize, 1) : 0) : shape[1]
    guard count > 0, !isFlat || width % count == 0 else {
      throw site.mismatch("\(width) elements in \(count) heads")
    }
    let size = isFlat ? width / count : width
    let rotated = rotatedSize == 0 ? size : rotatedSize
    let half = rotated / 2
    let tableShape = tables[0].shape
    guard rotated % 2 == 0, rotated <= size, tableSize == rotated, tables[1].shape == tableShape,
      tableShape.rank == (places == nil ? 3 : 2)
    else { throw site.mismatch("tables of \(tableShape) for \(rotated) of \(size) elements") }
    if let places {
      guard places.shape == [batch, rows] || isMicrosoft && places.shape == [1] else {
        throw site.mismatch("positions of \(places.shape) for \(batch) × \(rows) rows")
      }
    } else {
      guard tableShape[0] == batch, tableShape[1] == rows else {
        throw site.mismatch("tables of \(tableShape) for \(batch) × \(rows) rows")
      }
    }
    let layout =
      isFlat
      ? HeadLayout.rowsFirst(heads: count, rows: rows, size: size)
      : .headsFirst(heads: count, rows: rows, size: size)
    let source = site.read(try site.operand(input, as: .float32))
    var buffers: [Buffer.ID] = []
    for table in tables { buffers.append(site.read(try site.operand(table, as: .float32))) }
    let target = site.compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    let isInterleaved = self.isInterleaved
    let extent = tableShape[0]
    try site.compiler.emit(
      Step(
        name: site.nodeName, operatorName: site.operatorName, nodes: site.unit.nodes,
        output: site.unit.outputs.first ?? "", outputShape: shape, kernel: "rotary-f32",
        reads: [source] + buffers + (places.map { [$0.buffer] } ?? []), writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        let elements = places?.elements(run)
        let isOffset = places?.shape == [1] && !(batch == 1 && rows == 1)
        for b in 0..<batch {
          for row in 0..<rows {
            var line = b * rows + row
            if let elements {
              if isOffset {
                line = Int(clamping: elements[0] &+ Int64(row))
                guard line >= 0, line < extent else {
                  throw .indexOutOfRange(node: elements.node, index: Int64(line), count: extent)
                }
              } else {
                line = try elements.resolved(line, extent: extent)
              }
            }
            let cosine = run.floats(buffers[0]) + line * half
            let sine = run.floats(buffers[1]) + line * half
            for head in 0..<count {
              let place =
                b * layout.batchStride + head * layout.headStride + row * layout.rowStride
              let (x, y) = (run.floats(source) + place, run.floats(target) + place)
              for index in 0..<half {
                let (i, j) = isInterleaved ? (2 * index, 2 * index + 1) : (index, index + half)
                y[i] = x[i] * cosine[index] - x[j] * sine[index]
                y[j] = x[i] * sine[index] + x[j] * cosine[index]
              }
              (y + rotated).update(from: x + rotated, count: size - rotated)
            }
          }
        }
      })
    try site.emitConverted(target, .float32, to: input.elementType, shape: shape)
  }
}
