internal import Glibc
internal import Kernels
internal import Tensors

/// How the rows of attention heads lie in an operand, in elements. Each row is dense.
struct HeadLayout: Sendable, Equatable {
  var batchStride: Int
  var headStride: Int
  var rowStride: Int
  /// Where the first row begins.
  var start = 0

  /// `[batch, heads, rows, size]`
  static func headsFirst(heads: Int, rows: Int, size: Int) -> HeadLayout {
    HeadLayout(batchStride: heads * rows * size, headStride: rows * size, rowStride: size)
  }

  /// `[batch, rows, heads · size]`
  static func rowsFirst(heads: Int, rows: Int, size: Int) -> HeadLayout {
    HeadLayout(batchStride: rows * heads * size, headStride: size, rowStride: heads * size)
  }
}

/// `softmax(scale · q kᵀ + bias) v` for every head, one head after the other.
///
/// Several query heads may share a head of keys and values. A row whose bias excludes every key
/// gives zeros.
struct AttentionCore: Sendable {
  var batch: Int
  var queryHeads: Int
  var keyHeads: Int
  var queries: Int
  var keys: Int
  var headSize: Int
  var valueSize: Int
  var query: HeadLayout
  var key: HeadLayout
  var value: HeadLayout
  var result: HeadLayout
  var scale: Float
  /// Scores become `softcap · tanh(score / softcap)`; 0 leaves them.
  var softcap: Float = 0
  /// What `scores` receives.
  var probe = Probe.none
  var isa: InstructionSet

  /// A stage of the scores that a model may ask for.
  enum Probe: Int {
    case none = -1
    case product
    case capped
    case biased
    case probabilities
  }

  /// Fills a row with what is added to the scores of one query: batch, head, query, row.
  typealias Bias = (Int, Int, Int, UnsafeMutablePointer<Float>) -> Void

  private var scoreKernel: MatMulFloat {
    MatMulFloat(
      rows: queries, depth: headSize, columns: keys, transposedRight: true, alpha: scale, isa: isa)
  }

  private var mixKernel: MatMulFloat {
    MatMulFloat(rows: queries, depth: keys, columns: valueSize, isa: isa)
  }

  var multiplyAccumulates: Int {
    batch * queryHeads * queries * keys * (headSize + valueSize)
  }

  private func productByteCount(threads: Int) -> Int {
    max(
      scoreKernel.scratchByteCount(threads: threads), mixKernel.scratchByteCount(threads: threads)
    ).roundedToLine
  }

  /// Bytes of working memory: packed matrices, scores, their bias, and one head of each operand.
  func scratchByteCount(threads: Int) -> Int {
    productByteCount(threads: threads) + 2 * (4 * queries * keys).roundedToLine
      + (4 * queries * headSize).roundedToLine + (4 * keys * headSize).roundedToLine
      + (4 * keys * valueSize).roundedToLine + (4 * queries * valueSize).roundedToLine
  }

  func run(
    _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, scores probed: UnsafeMutablePointer<Float>?,
    bias: Bias?, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    var free = scratch + productByteCount(threads: pool.threadCount)
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { free += (4 * count).roundedToLine }
      return free.assumingMemoryBound(to: Float.self)
    }
    let (scores, biases) = (take(queries * keys), take(queries * keys))
    let (ownQuery, ownKey) = (take(queries * headSize), take(keys * headSize))
    let (ownValue, ownResult) = (take(keys * valueSize), take(queries * valueSize))
    let (scoreKernel, mixKernel) = (self.scoreKernel, self.mixKernel)
    let scoreCount = queries * keys
    for b in 0..<batch {
      for head in 0..<queryHeads {
        let shared = head / (queryHeads / keyHeads)
        let left = dense(q, query, b, head, queries, headSize, ownQuery)
        let right = dense(k, key, b, shared, keys, headSize, ownKey)
        let mixed = dense(v, value, b, shared, keys, valueSize, ownValue)
        scoreKernel.run(left, right, into: scores, scratch: scratch, pool: pool)
        let kept = probed.map { $0 + (b * queryHeads + head) * scoreCount }
        if probe == .product { kept?.update(from: scores, count: scoreCount) }
        if softcap > 0 {
          for index in 0..<scoreCount { scores[index] = softcap * tanhf(scores[index] / softcap) }
        }
        if probe == .capped { kept?.update(from: scores, count: scoreCount) }
        pool.parallel(queries, grain: max(1, 4_096 / max(keys, 1))) { range in
          for row in range {
            weigh(scores + row * keys, biases + row * keys, kept.map { $0 + row * keys }) {
              bias?(b, head, row, $0)
            }
          }
        }
        if probe == .probabilities { kept?.update(from: scores, count: scoreCount) }
        let place = output + b * result.batchStride + head * result.headStride
        guard result.rowStride != valueSize else {
          mixKernel.run(scores, mixed, into: place, scratch: scratch, pool: pool)
          continue
        }
        mixKernel.run(scores, mixed, into: ownResult, scratch: scratch, pool: pool)
        for row in 0..<queries {
          (place + row * result.rowStride).update(
            from: ownResult + row * valueSize, count: valueSize)
        }
      }
    }
  }

  /// Turns one row of scores into weights that add up to 1, or to 0 when no key is allowed.
  private func weigh(
    _ row: UnsafeMutablePointer<Float>, _ biases: UnsafeMutablePointer<Float>,
    _ kept: UnsafeMutablePointer<Float>?, fill: (UnsafeMutablePointer<Float>) -> Void
  ) {
    biases.update(repeating: 0, count: keys)
    fill(biases)
    var largest = -Float.infinity
    var isExcluded = true
    for index in 0..<keys {
      let bias = biases[index]
      // An excluded key stays so, whatever its score.
      row[index] = bias == -.infinity ? bias : row[index] + bias
      if bias != -.infinity { isExcluded = false }
      largest = row[index] > largest || row[index].isNaN ? row[index] : largest
    }
    if probe == .biased { kept?.update(from: row, count: keys) }
    guard !isExcluded, largest != -.infinity else {
      return row.update(repeating: 0, count: keys)
    }
    SoftmaxFloat.run(inPlace: row, columns: keys, isa: isa)
  }

  /// The rows of one head without gaps, copied to `own` when they are apart.
  private func dense(
    _ base: UnsafePointer<Float>, _ layout: HeadLayout, _ batch: Int, _ head: Int, _ rows: Int,
    _ size: Int, _ own: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    let first = base + layout.start + batch * layout.batchStride + head * layout.headStride
    guard layout.rowStride != size else { return first }
    for row in 0..<rows {
      (own + row * size).update(from: first + row * layout.rowStride, count: size)
    }
    return UnsafePointer(own)
  }
}

extension Int {
  /// Up to the next cache line, in bytes.
  fileprivate var roundedToLine: Int { (self + 63) / 64 * 64 }
}
