internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Where of values that exist as codes: each side goes through a table to the scale of the
  /// quantizer behind.
  func compileSelection() throws(ExecutionError) -> Bool {
    guard site.unit.inputs.count == 3, let yes = try codes(of: site.unit.inputs[1]),
      let no = try codes(of: site.unit.inputs[2])
    else { return false }
    let condition = try site.input(0)
    let shape = try site.broadcast(
      site.broadcast(yes.value.shape, no.value.shape), condition.shape)
    guard condition.elementType == .bool,
      let tail = try QuantizedTail(
        after: site.unit.outputs[0], shape: shape, site, takesTable: false)
    else { return false }
    let (first, second) = (yes.table(to: tail), no.table(to: tail))
    let loop = BroadcastLoop(yes.value.shape, no.value.shape, to: shape)
    let mask = try site.expand(site.read(condition), condition.shape, to: shape, width: 1)
    let reads = [mask, site.read(yes.value), site.read(no.value)]
    for unit in tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, .rowMajor)
    try site.emit(
      codes: codes, type: tail.final.type, kernel: "where-u8+table256", reads: reads,
      isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      let (choices, a, b) = (run.codes(reads[0]), run.codes(reads[1]), run.codes(reads[2]))
      let to = run.codes(target)
      loop.run { index, i, j in
        to[index] = choices[index] != 0 ? first[Int(a[i])] : second[Int(b[j])]
      }
    }
    return true
  }
}
