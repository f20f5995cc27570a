import Kernels
import Tensors
import Testing

@testable import Execution

@Suite struct AttentionTests {
  private func numbers(_ count: Int, seed: Int) -> [Float] {
    (0..<count).map { Float((($0 + seed) * 7919) % 101) / 50 - 1 }
  }

  /// The definition, one query at a time.
  private func reference(
    _ core: AttentionCore, _ q: [Float], _ k: [Float], _ v: [Float],
    allowed: (Int, Int) -> Bool
  ) -> [Float] {
    var result: [Float] = []
    for batch in 0..<core.batch {
      for head in 0..<core.queryHeads {
        let shared = head / (core.queryHeads / core.keyHeads)
        for query in 0..<core.queries {
          let first = ((batch * core.queryHeads + head) * core.queries + query) * core.headSize
          let weights = (0..<core.keys).map { key -> Double in
            guard allowed(query, key) else { return 0 }
            let other = ((batch * core.keyHeads + shared) * core.keys + key) * core.headSize
            let score = (0..<core.headSize).reduce(0.0) {
              $0 + Double(q[first + $1]) * Double(k[other + $1])
            }
            return _exp(score * Double(core.scale))
          }
          let sum = weights.reduce(0, +)
          for index in 0..<core.valueSize {
            let mixed = (0..<core.keys).reduce(0.0) { total, key in
              let place = ((batch * core.keyHeads + shared) * core.keys + key) * core.valueSize
              return total + weights[key] * Double(v[place + index])
            }
            result.append(sum == 0 ? 0 : Float(mixed / sum))
          }
        }
      }
    }
    return result
  }

  private func _exp(_ value: Double) -> Double {
    // Plain series after halving, so that no library is needed.
    let small = value / 1_024
    var (term, sum) = (1.0, 1.0)
    for index in 1..<12 {
      term *= small / Double(index)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }

  @Test(arguments: InstructionSet.available, [1, 3, 7])
  func everyHeadIsTheDefinition(isa: InstructionSet, queries: Int) {
    let keys = 5
    var core = AttentionCore(
      batch: 2, queryHeads: 4, keyHeads: 2, queries: queries, keys: keys, headSize: 6,
      valueSize: 3, query: .headsFirst(heads: 4, rows: queries, size: 6),
      key: .headsFirst(heads: 2, rows: keys, size: 6),
      value: .headsFirst(heads: 2, rows: keys, size: 3),
      result: .headsFirst(heads: 4, rows: queries, size: 3), scale: 0.5, isa: isa)
    let q = numbers(2 * 4 * queries * 6, seed: 1)
    let k = numbers(2 * 2 * keys * 6, seed: 2)
    let v = numbers(2 * 2 * keys * 3, seed: 3)
    let pool = ThreadPool(threads: 2)
    let reach = AttentionReach(isCausal: true)
    // The first query sees nothing when all are one place behind.
    let bias: AttentionCore.Bias = { _, _, query, row in
      row.exclude(outside: reach.range(place: query - 1, limit: keys), of: keys)
    }
    func run() -> [Float] {
      var output = [Float](repeating: .nan, count: 2 * 4 * queries * 3)
      let scratch = UnsafeMutableRawPointer.allocate(
        byteCount: core.scratchByteCount(threads: 2), alignment: 64)
      defer { scratch.deallocate() }
      output.withUnsafeMutableBufferPointer { target in
        guard let base = target.baseAddress else { return }
        core.run(q, k, v, into: base, scores: nil, bias: bias, scratch: scratch, pool: pool)
      }
      return output
    }
    let expected = reference(core, q, k, v) { query, key in key <= query - 1 }
    let found = run()
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-5) }
    #expect(found[..<3].allSatisfy { $0 == 0 })
    // The same heads inside of rows.
    core.result = .rowsFirst(heads: 4, rows: queries, size: 3)
    let turned = run()
    for batch in 0..<2 {
      for head in 0..<4 {
        for query in 0..<queries {
          for index in 0..<3 {
            let place = ((batch * 4 + head) * queries + query) * 3 + index
            #expect(turned[((batch * queries + query) * 4 + head) * 3 + index] == found[place])
          }
        }
      }
    }
  }

  @Test func windowsAndCausalOrderTogether() {
    #expect(AttentionReach().range(place: 2, limit: 6) == 0..<6)
    #expect(AttentionReach(isCausal: true).range(place: 2, limit: 6) == 0..<3)
    #expect(AttentionReach(left: 1, right: 2).range(place: 3, limit: 9) == 2..<6)
    #expect(AttentionReach(isCausal: true, left: 1, right: 2).range(place: 3, limit: 9) == 2..<4)
    #expect(AttentionReach(isCausal: true).range(place: -2, limit: 6).isEmpty)
    #expect(AttentionReach(left: 1).range(place: 9, limit: 4).isEmpty)
  }
}
