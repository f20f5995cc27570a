import Kernels
import Quantization

/// Errors of many tensors as they come in.
struct ErrorTally {
  private let kernels: ObserveKernels
  private let pool: ThreadPool
  private let metrics: MetricProfile
  private var sums: [String: Quantization.ErrorSums] = [:]

  init(instructionSet: InstructionSet, pool: ThreadPool, metrics: MetricProfile = .torch) {
    self.metrics = metrics
    kernels = ObserveKernels(isa: instructionSet)
    self.pool = pool
  }

  mutating func add(
    _ key: String, reference: UnsafeBufferPointer<Float>, test: UnsafeBufferPointer<Float>
  ) {
    guard let x = reference.baseAddress, let y = test.baseAddress else { return }
    let found = kernels.errorSums(reference: x, test: y, count: reference.count, pool: pool)
    if found.errorSquares.isFinite, found.referenceSquares.isFinite {
      sums[key, default: Quantization.ErrorSums()].merge(Quantization.ErrorSums(found))
    } else {
      // Somewhere is a value that is not finite; it has to be found and left out.
      sums[key, default: Quantization.ErrorSums()].add(reference: reference, test: test)
    }
  }

  subscript(key: String) -> ErrorSummary? { sums[key].map { ErrorSummary($0, metrics) } }
}

extension Quantization.ErrorSums {
  fileprivate init(_ sums: Kernels.ErrorSums) {
    self.init(
      count: sums.count, referenceSquares: sums.referenceSquares, testSquares: sums.testSquares,
      products: sums.products, errorSquares: sums.errorSquares,
      largestError: Float(sums.largestError))
  }
}

extension ErrorSummary {
  init(_ sums: Quantization.ErrorSums, _ metrics: MetricProfile = .torch) {
    self.init(
      decibels: sums.sqnr(metrics), cosine: sums.cosine, largestError: Double(sums.largestError),
      meanSquaredError: sums.meanSquaredError)
  }
}
