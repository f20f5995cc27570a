internal import Graphs
internal import Tensors

/// Where: elements of one operand or the other.
struct Selection: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (condition, yes, no) = try (site.input(0), site.input(1), site.input(2))
    guard condition.elementType == .bool, yes.elementType == no.elementType,
      yes.elementType.bitWidth >= 8
    else {
      throw site.mismatch("\(condition.elementType), \(yes.elementType) and \(no.elementType)")
    }
    let shape = try site.broadcast(site.broadcast(yes.shape, no.shape), condition.shape)
    let width = yes.elementType.bitWidth / 8
    let loop = BroadcastLoop(yes.shape, no.shape, to: shape)
    let mask = try site.expand(site.read(condition), condition.shape, to: shape, width: 1)
    let reads = [mask, site.read(yes), site.read(no)]
    let result = try site.output(0, yes.elementType, shape)
    let target = site.write(result)
    try site.emit([result], kernel: "where", reads: reads) {
      (run: RunContext) throws(ExecutionError) in
      let choices = run.codes(reads[0])
      let (a, b, to) = (run.raw(reads[1]), run.raw(reads[2]), run.raw(target))
      func pick<Element>(_ type: Element.Type) {
        let (yes, no) = (a.assumingMemoryBound(to: type), b.assumingMemoryBound(to: type))
        let results = to.assumingMemoryBound(to: type)
        loop.run { index, i, j in results[index] = choices[index] != 0 ? yes[i] : no[j] }
      }
      switch width {
      case 1: pick(UInt8.self)
      case 2: pick(UInt16.self)
      case 4: pick(UInt32.self)
      case 8: pick(UInt64.self)
      default:
        loop.run { index, i, j in
          (to + index * width).copyMemory(
            from: choices[index] != 0 ? a + i * width : b + j * width, byteCount: width)
        }
      }
    }
  }
}
