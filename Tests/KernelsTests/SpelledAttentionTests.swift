import Testing

@testable import Kernels

/// Attention over heads that lie side by side in rows, as projections leave them.
@Suite struct SpelledAttentionTests {
  struct Sizes: CustomTestStringConvertible, Sendable {
    var batch = 1
    var heads = 2
    var queries: Int
    var keys: Int
    var depth: Int
    var width: Int
    /// Whether keys and values have the axis that is added up last.
    var turned = false
    var testDescription: String { "\(queries) × \(keys), \(depth) and \(width), \(turned)" }

    /// `[batch, rows, heads, columns]` as matrices of each head, or `[batch, heads, columns, rows]`.
    func place(_ rows: Int, _ columns: Int, turned: Bool = false) -> HeadMatrices {
      turned
        ? HeadMatrices(
          batchStride: heads * rows * columns, headStride: rows * columns, rowStride: 1,
          columnStride: rows)
        : HeadMatrices(
          batchStride: rows * heads * columns, headStride: columns, rowStride: heads * columns,
          columnStride: 1)
    }

    var geometry: AttentionGeometry {
      // Keys are [depth, keys]; side by side they have a row for each key.
      let rows = place(keys, depth)
      let key =
        turned
        ? HeadMatrices(
          batchStride: heads * depth * keys, headStride: depth * keys, rowStride: keys,
          columnStride: 1)
        : HeadMatrices(
          batchStride: rows.batchStride, headStride: rows.headStride, rowStride: 1,
          columnStride: rows.rowStride)
      return AttentionGeometry(
        batch: batch, heads: heads, queries: queries, keys: keys, depth: depth, width: width,
        query: place(queries, depth), key: key, value: place(keys, width, turned: turned),
        result: place(queries, width))
    }
  }

  static let sizes = [
    Sizes(queries: 1, keys: 1, depth: 1, width: 1), Sizes(queries: 3, keys: 5, depth: 7, width: 9),
    Sizes(queries: 25, keys: 17, depth: 16, width: 33, turned: true),
    Sizes(batch: 2, queries: 70, keys: 66, depth: 64, width: 32),
    Sizes(heads: 1, queries: 130, keys: 129, depth: 20, width: 16, turned: true),
  ]

  /// The definition, in double; `round` is what happens to shares.
  private func reference(
    _ geometry: AttentionGeometry, _ q: [Float], _ k: [Float], _ v: [Float], factor: Double,
    mask: [Float], round: (Double) -> Double = { $0 }
  ) -> [Float] {
    var result = [Float](
      repeating: 0, count: geometry.batch * geometry.heads * geometry.queries * geometry.width)
    func at(_ place: HeadMatrices, _ batch: Int, _ head: Int, _ row: Int, _ column: Int) -> Int {
      place.start(batch, head) + row * place.rowStride + column * place.columnStride
    }
    for batch in 0..<geometry.batch {
      for head in 0..<geometry.heads {
        for query in 0..<geometry.queries {
          let scores = (0..<geometry.keys).map { key in
            factor
              * (0..<geometry.depth).reduce(0.0) {
                $0 + Double(q[at(geometry.query, batch, head, query, $1)])
                  * Double(k[at(geometry.key, batch, head, $1, key)])
              } + Double(mask[key])
          }
          let most = scores.max() ?? 0
          let powers = scores.map { _exp($0 - most) }
          let sum = powers.reduce(0, +)
          let shares = powers.map { round($0 / sum) }
          for column in 0..<geometry.width {
            result[at(geometry.result, batch, head, query, column)] = Float(
              (0..<geometry.keys).reduce(0.0) {
                $0 + shares[$1] * Double(v[at(geometry.value, batch, head, $1, column)])
              })
          }
        }
      }
    }
    return result
  }

  private func _exp(_ value: Double) -> Double {
    // A plain series after halving, so that no library is needed.
    let small = value / 4_096
    var (term, sum) = (1.0, 1.0)
    for index in 1..<12 {
      term *= small / Double(index)
      sum += term
    }
    for _ in 0..<12 { sum *= sum }
    return sum
  }

  private func codes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ seed) >> 7) }
  }

  private func mask(_ sizes: Sizes) -> [Float] { (0..<sizes.keys).map { Float($0 % 3) / 2 } }

  private static let maskPlace = HeadMatrices(
    batchStride: 0, headStride: 0, rowStride: 0, columnStride: 1)

  @Test(arguments: InstructionSet.available, sizes)
  func realHeadsAreTheDefinition(isa: InstructionSet, sizes: Sizes) {
    let geometry = sizes.geometry
    let matrices = sizes.batch * sizes.heads
    func reals(_ count: Int, _ seed: Int) -> [Float] {
      codes(count, seed: seed).map { Float($0) / 128 - 1 }
    }
    let q = reals(matrices * sizes.queries * sizes.depth, 1)
    let k = reals(matrices * sizes.keys * sizes.depth, 2)
    let v = reals(matrices * sizes.keys * sizes.width, 3)
    // The softmax takes in a factor that is the last stage, if it is above 0.
    let cases: [(stages: [ScoreStage], factor: Double, mask: [Float])] = [
      ([.scaled(by: 0.5), .masked(Self.maskPlace)], 0.5, mask(sizes)),
      ([.scaled(by: 0.5)], 0.5, [Float](repeating: 0, count: sizes.keys)),
      ([.scaled(by: -0.5)], -0.5, [Float](repeating: 0, count: sizes.keys)),
      ([.masked(Self.maskPlace), .scaled(by: 2)], 2, mask(sizes).map { 2 * $0 }),
      ([], 1, [Float](repeating: 0, count: sizes.keys)),
    ]
    for (stages, factor, mask) in cases {
      check(
        AttentionFloat(geometry, stages: stages, isa: isa), q, k, v, self.mask(sizes),
        expected: reference(geometry, q, k, v, factor: factor, mask: mask))
    }
  }

  private func check(
    _ kernel: AttentionFloat, _ q: [Float], _ k: [Float], _ v: [Float], _ mask: [Float],
    expected: [Float]
  ) {
    for threads in [1, 2] {
      let operands = [q, k, v, mask].map { GuardedBuffer($0) }
      let to = GuardedBuffer<Float>(count: expected.count, repeating: .nan)
      withScratch(kernel.scratchByteCount(threads: threads)) { scratch in
        kernel.run(
          query: operands[0].base, key: operands[1].base, value: operands[2].base,
          mask: UnsafePointer(operands[3].base), into: to.base, scratch: scratch,
          pool: ThreadPool(threads: threads))
      }
      let worst = zip(to.array, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(worst < 1e-5)
      #expect(to.array.allSatisfy { !$0.isNaN })
    }
  }

  @Test(arguments: InstructionSet.available.filter(AttentionInt8.isSupported), sizes)
  func headsOfCodesAreTheDefinition(isa: InstructionSet, sizes: Sizes) {
    let geometry = sizes.geometry
    let matrices = sizes.batch * sizes.heads
    let q = codes(matrices * sizes.queries * sizes.depth, seed: 1)
    let k = codes(matrices * sizes.keys * sizes.depth, seed: 2)
    let v = codes(matrices * sizes.keys * sizes.width, seed: 3)
    let maps = [
      AttentionInt8.Map(scale: 0.01, zeroPoint: 131), AttentionInt8.Map(scale: 0.02, zeroPoint: 3),
      AttentionInt8.Map(scale: 1 / 250, zeroPoint: 2),
      AttentionInt8.Map(scale: 0.03, zeroPoint: 140),
    ]
    func real(_ codes: [UInt8], _ map: AttentionInt8.Map) -> [Float] {
      codes.map { Float(Int32($0) - map.zeroPoint) * map.scale }
    }
    let expected = reference(
      geometry, real(q, maps[0]), real(k, maps[1]), real(v, maps[3]), factor: 0.25,
      mask: mask(sizes),
      round: { min(($0 * 250).rounded(.toNearestOrEven), 253) / 250 })
    let kernel = AttentionInt8(
      geometry, query: maps[0], key: maps[1], shares: maps[2], value: maps[3],
      stages: [.scaled(by: 0.25), .masked(Self.maskPlace)], requantization: nil, isa: isa)
    let outScale: Float = 0.02
    let rounding = AttentionInt8(
      geometry, query: maps[0], key: maps[1], shares: maps[2], value: maps[3],
      stages: [.scaled(by: 0.25), .masked(Self.maskPlace)],
      requantization: Requantization(
        multipliers: [maps[2].scale * maps[3].scale / outScale], inputZeroPoint: 0,
        outputZeroPoint: 100), isa: isa)
    for threads in [1, 2] {
      let operands = [q, k, v].map { GuardedBuffer($0) }
      let added = GuardedBuffer(mask(sizes))
      let reals = GuardedBuffer<Float>(count: expected.count, repeating: .nan)
      let rounded = GuardedBuffer<UInt8>(count: expected.count, repeating: 77)
      for (kernel, result) in [
        (kernel, AttentionInt8.Destination.reals(reals.base)), (rounding, .codes(rounded.base)),
      ] {
        withScratch(kernel.scratchByteCount(threads: threads)) { scratch in
          kernel.run(
            query: operands[0].base, key: operands[1].base, value: operands[2].base,
            mask: UnsafePointer(added.base), into: result, scratch: scratch,
            pool: ThreadPool(threads: threads))
        }
      }
      // A share near the middle of two codes may fall to either side: one code times the largest value.
      let step = maps[2].scale * maps[3].scale * 255
      let errors = zip(reals.array, expected).map { abs($0 - $1) }
      #expect(errors.allSatisfy { $0 < 2 * step })
      let close = errors.filter { $0 < 1e-4 }
      #expect(close.count >= errors.count * 9 / 10, "\(errors.max() ?? 0)")
      for (code, value) in zip(rounded.array, reals.array) {
        let exact = (value / outScale).rounded(.toNearestOrEven) + 100
        #expect(abs(Float(code) - min(max(exact, 0), 255)) <= 1)
      }
    }
  }
}
