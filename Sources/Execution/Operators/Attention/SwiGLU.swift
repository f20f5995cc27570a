internal import Glibc
internal import Graphs
internal import Kernels
internal import Tensors

/// SwiGLU: `a · sigmoid(alpha · a) · b`.
struct SwiGLU: OperatorKernel {
  static let widensHalves = true
  private let alpha: Float

  init(_ node: Node, opset: Int64) { alpha = node.float("alpha") ?? 1 }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (gate, value) = try (site.input(0), site.input(1))
    guard gate.shape == value.shape, gate.elementType == value.elementType else {
      throw site.mismatch("\(gate.shape) with \(value.shape)")
    }
    let type = gate.elementType
    guard [.float32, .float16, .bfloat16].contains(type) else {
      throw .wrongElementType(operatorName: "SwiGLU", node: site.nodeName, found: type)
    }
    let reads = try [
      site.read(site.operand(gate, as: .float32)), site.read(site.operand(value, as: .float32)),
    ]
    let count = gate.shape.elementCount
    let target = site.compiler.addBuffer(.arena, byteCount: 4 * count)
    let alpha = self.alpha
    try site.compiler.emit(
      Step(
        name: site.nodeName, operatorName: site.operatorName, nodes: site.unit.nodes,
        output: site.unit.outputs.first ?? "", outputShape: gate.shape, kernel: "swiglu-f32",
        reads: reads, writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        let (a, b, y) = (run.floats(reads[0]), run.floats(reads[1]), run.floats(target))
        run.pool.parallel(count, grain: 8_192) { range in
          for index in range { y[index] = a[index] / (1 + expf(-alpha * a[index])) * b[index] }
        }
      })
    try site.emitConverted(target, .float32, to: type, shape: gate.shape)
  }
}
