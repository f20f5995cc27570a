/// Float and int8 times of one model, measured in turn on this host.
package struct BenchmarkTable: Equatable, Sendable, Codable {
  package struct Row: Equatable, Sendable, Codable, Identifiable {
    package var id: String
    package var floatKernel: String
    package var int8Kernel: String
    package var floatMicroseconds: Double?
    package var int8Microseconds: Double?
    package var multiplyAccumulates: Int
    /// Giga multiply-accumulates per second of the int8 kernel.
    package var int8GigaMACs: Double?
    /// Of the host's measured peak for that kind of kernel, 0...1.
    package var shareOfPeak: Double?
    /// Pair sums that an unguarded `vpmaddubsw` would have saturated, and of how many.
    package var saturatedPairs: Int?
    package var pairs: Int?
    /// Read and written by the int8 form, weights included.
    package var bytesMoved: Int?
    /// Products that the int8 kernel adds in 16 bits before a sum widens, on average; `nil` where
    /// sums have 32.
    package var safeRun: Double?
    /// `arithmetic`, `L2`, `L3` or `memory`: what the int8 form could not be faster than.
    package var ceiling: String?
    /// What that allows: billions of multiply-accumulates a second, or of bytes.
    package var ceilingRate: Double?
    /// Of what the ceiling allows.
    package var shareOfCeiling: Double?
    /// Why it does not come near the ceiling, or what it is bound by.
    package var remark: String?

    package init(
      id: String, floatKernel: String = "", int8Kernel: String = "",
      floatMicroseconds: Double? = nil, int8Microseconds: Double? = nil,
      multiplyAccumulates: Int = 0, int8GigaMACs: Double? = nil, shareOfPeak: Double? = nil,
      saturatedPairs: Int? = nil, pairs: Int? = nil, bytesMoved: Int? = nil, safeRun: Double? = nil,
      ceiling: String? = nil, ceilingRate: Double? = nil, shareOfCeiling: Double? = nil,
      remark: String? = nil
    ) {
      self.id = id
      self.floatKernel = floatKernel
      self.int8Kernel = int8Kernel
      self.floatMicroseconds = floatMicroseconds
      self.int8Microseconds = int8Microseconds
      self.multiplyAccumulates = multiplyAccumulates
      self.int8GigaMACs = int8GigaMACs
      self.shareOfPeak = shareOfPeak
      self.saturatedPairs = saturatedPairs
      self.pairs = pairs
      self.bytesMoved = bytesMoved
      self.safeRun = safeRun
      self.ceiling = ceiling
      self.ceilingRate = ceilingRate
      self.shareOfCeiling = shareOfCeiling
      self.remark = remark
    }

    package var speedUp: Double? {
      guard let floatMicroseconds, let int8Microseconds, int8Microseconds > 0 else { return nil }
      return floatMicroseconds / int8Microseconds
    }
  }

  /// Whole-model latency, milliseconds.
  package struct Latency: Equatable, Sendable, Codable {
    package var minimum: Double
    package var median: Double
    package var percentile90: Double
    package var percentile99: Double
    package init(minimum: Double, median: Double, percentile90: Double, percentile99: Double) {
      self.minimum = minimum
      self.median = median
      self.percentile90 = percentile90
      self.percentile99 = percentile99
    }
  }

  package var rows: [Row]
  package var float: Latency
  package var int8: Latency
  /// Median of the pairwise ratios float / int8.
  package var speedUp: Double
  package var runs: Int
  package var threads: Int
  package var batchSize: Int
  package var floatByteCount: Int
  package var int8ByteCount: Int
  /// Measured on this host: giga multiply-accumulates per second of fp32 and of int8 kernels.
  package var floatPeak: Double
  package var int8Peak: Double
  /// Of int8 kernels whose sums have 16 bits; `nil` in older sessions.
  package var narrowPeak: Double?
  package var host: String

  package init(
    rows: [Row], float: Latency, int8: Latency, speedUp: Double, runs: Int, threads: Int,
    batchSize: Int, floatByteCount: Int, int8ByteCount: Int, floatPeak: Double, int8Peak: Double,
    narrowPeak: Double? = nil,
    host: String
  ) {
    self.rows = rows
    self.float = float
    self.int8 = int8
    self.speedUp = speedUp
    self.runs = runs
    self.threads = threads
    self.batchSize = batchSize
    self.floatByteCount = floatByteCount
    self.int8ByteCount = int8ByteCount
    self.floatPeak = floatPeak
    self.int8Peak = int8Peak
    self.narrowPeak = narrowPeak
    self.host = host
  }
}
