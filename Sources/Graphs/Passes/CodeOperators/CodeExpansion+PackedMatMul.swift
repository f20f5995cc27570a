internal import Tensors

/// MatMulNBits: `[n, blocks, bytes]` packed weights of a `[k, n]` matrix, a scale per block.
extension CodeExpansion {
  mutating func expandPackedMatMul(_ node: Node) throws(CodeRefusal) {
    guard let left = node.input(0), let codes = node.input(1), let scale = node.input(2) else {
      throw CodeRefusal(reason: "it needs a left side, weights and scales")
    }
    let matrix = try PackedMatrix(
      node, codes: constant(codes), scales: constant(scale),
      zeroPoints: try constant(node, 3), groups: try constant(node, 4))
    let weights = addConstant(codes + "_dequantized", matrix.dequantized)
    guard let bias = node.input(5) else {
      return compute(node, as: "MatMul", [left, weights], outputs: node.outputs)
    }
    let product = claimReal(of: node.outputs[0] + "_product")
    compute(node, as: "MatMul", [left, weights], outputs: [product])
    append(
      Node(
        id: makeNodeID(), name: node.name, operatorName: OperatorName("Add"),
        inputs: [product, bias], outputs: node.outputs))
  }

  private func constant(_ node: Node, _ index: Int) throws(CodeRefusal) -> Tensor? {
    guard let name = node.input(index) else { return nil }
    guard let tensor = constant(name) else {
      throw CodeRefusal(reason: "'\(name)' is not constant")
    }
    return tensor
  }
}

/// The weights of a MatMulNBits node.
private struct PackedMatrix {
  private let depth: Int
  private let columns: Int
  private let bits: Int
  private let blockSize: Int
  private let codes: [UInt8]
  private let scales: [Float]
  /// One per block in the blocks' order; `nil` for the middle of the codes.
  private let zeroPoints: [Float]?
  /// The block of every row where that is not the row's place; `nil` otherwise.
  private let groups: [Int32]?

  private var blocks: Int { (depth + blockSize - 1) / blockSize }

  init(
    _ node: Node, codes: Tensor?, scales: Tensor?, zeroPoints: Tensor?, groups: Tensor?
  ) throws(CodeRefusal) {
    guard let depth = node.int("K"), let columns = node.int("N"), depth > 0, columns > 0,
      depth < 1 << 31, columns < 1 << 31
    else { throw CodeRefusal(reason: "attributes K and N are missing") }
    bits = Int(node.int("bits") ?? 4)
    guard bits == 4 || bits == 8 else {
      throw CodeRefusal(reason: "weights of \(bits) bits are not known, only 4 and 8")
    }
    blockSize = Int(node.int("block_size") ?? 0)
    // Every block fills whole bytes.
    guard blockSize >= 2, blockSize < 1 << 20, blockSize % 2 == 0 else {
      throw CodeRefusal(reason: "attribute block_size is missing or odd")
    }
    self.depth = Int(depth)
    self.columns = Int(columns)
    guard let codes, codes.elementType == .uint8, let scales, scales.elementType == .float32 else {
      throw CodeRefusal(reason: "its weights are not constant bytes with float32 scales")
    }
    self.codes = codes.array()
    self.scales = scales.floats
    let places = groups.flatMap { $0.elementType == .int32 ? $0.codes : nil }
    self.groups = places
    let blocks = (Int(depth) + blockSize - 1) / blockSize
    let bytesPerColumn = blocks * (blockSize * bits / 8)
    guard codes.elementCount == Int(columns) * bytesPerColumn,
      scales.elementCount == Int(columns) * blocks,
      Self.fit(places, depth: Int(depth), blocks: blocks)
    else {
      throw CodeRefusal(
        reason: "weights \(codes.shape) and scales \(scales.shape) do not fit K, N and block_size")
    }
    if let zeroPoints {
      self.zeroPoints = try Self.zeroPoints(zeroPoints, bits: bits, blocks, Int(columns))
    } else {
      self.zeroPoints = nil
    }
  }

  private static func fit(_ groups: [Int32]?, depth: Int, blocks: Int) -> Bool {
    groups.map { $0.count >= depth && $0.allSatisfy { (0..<blocks).contains(Int($0)) } } ?? true
  }

  /// Bytes hold as many zero points as fit; every column starts a byte of its own.
  private static func zeroPoints(
    _ tensor: Tensor, bits: Int, _ blocks: Int, _ columns: Int
  ) throws(CodeRefusal) -> [Float] {
    if tensor.elementType == .float32, tensor.elementCount == blocks * columns {
      return tensor.floats
    }
    let width = (blocks * bits + 7) / 8
    guard tensor.elementType == .uint8, tensor.elementCount == width * columns else {
      throw CodeRefusal(reason: "zero points \(tensor.shape) do not fit the scales")
    }
    let bytes: [UInt8] = tensor.array()
    return (0..<columns * blocks).map { index in
      let (column, block) = index.quotientAndRemainder(dividingBy: blocks)
      return Float(code(bytes[(column * width)...], block, bits: bits))
    }
  }

  private static func code(_ bytes: ArraySlice<UInt8>, _ index: Int, bits: Int) -> UInt8 {
    if bits == 8 { return bytes[bytes.startIndex + index] }
    return bytes[bytes.startIndex + index >> 1] >> UInt8((index & 1) * 4) & 0xF
  }

  /// `[k, n]`: `(code - zeroPoint) * scale`.
  var dequantized: Tensor {
    let middle = Float(1 << (bits - 1))
    let bytesPerColumn = blocks * (blockSize * bits / 8)
    var result = [Float](repeating: 0, count: depth * columns)
    for column in 0..<columns {
      let bytes = codes[(column * bytesPerColumn)...]
      for row in 0..<depth {
        let block = column * blocks + (groups.map { Int($0[row]) } ?? row / blockSize)
        let code = Float(Self.code(bytes, row, bits: bits))
        result[row * columns + column] = (code - (zeroPoints?[block] ?? middle)) * scales[block]
      }
    }
    return Tensor(result, shape: [depth, columns])
  }
}
