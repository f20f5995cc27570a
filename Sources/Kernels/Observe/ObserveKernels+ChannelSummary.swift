internal import CKernels

extension ObserveKernels {
  /// Ranges of channels and sums over channels-last values `[rows, channels]` in one read.
  ///
  /// `minima` and `maxima` are widened by the finite values of each channel. Pieces of fixed size
  /// are added up in order, so the number of threads does not show.
  ///
  /// - Precondition: `channels` is a multiple of 8.
  /// - Parameter afterPiece: called on the thread that summarized a piece, which the cache still
  ///   holds.
  /// - Returns: the sums, and how many values are not finite and count for nothing else.
  package func channelSummary(
    _ values: UnsafePointer<Float>, rows: Int, channels: Int,
    minima: UnsafeMutablePointer<Float>, maxima: UnsafeMutablePointer<Float>, pool: ThreadPool,
    afterPiece: ((SummarizedPiece) -> Void)? = nil
  ) -> (moments: ValueMoments, nonFiniteCount: Int) {
    precondition(channels % 8 == 0, "\(channels) channels")
    let kernel = kern_channel_summary_f32_for(isa.kernelIsa)
    let rowsPerPiece = max(Self.grain / channels / 64 * 64, 64)
    let pieces = (rows + rowsPerPiece - 1) / rowsPerPiece
    let parts = max(1, min(pool.threadCount, pieces))
    var found = [(kern_moments, Int)](repeating: (kern_moments(), 0), count: pieces)
    // Every part but the first widens ranges of its own.
    var ranges = [Float](repeating: .infinity, count: 2 * (parts - 1) * channels)
    for part in 1..<max(parts, 1) {
      for channel in 0..<channels { ranges[(2 * part - 1) * channels + channel] = -.infinity }
    }
    found.withUnsafeMutableBufferPointer { found in
      ranges.withUnsafeMutableBufferPointer { ranges in
        pool.parallel(parts) { partRange in
          for part in partRange {
            let own = ranges.baseAddress.map { $0 + 2 * (part - 1) * channels }
            let low = part == 0 ? minima : own ?? minima
            let high = part == 0 ? maxima : own.map { $0 + channels } ?? maxima
            for piece in pieces * part / parts..<pieces * (part + 1) / parts {
              let first = piece * rowsPerPiece
              var block = kern_channel_rows(
                values: values + first * channels, rows: min(rowsPerPiece, rows - first),
                channels: channels)
              found[piece].1 = kernel(&block, low, high, &found[piece].0)
              afterPiece?(
                SummarizedPiece(
                  part: part, values: block.values, count: block.rows * channels, minima: low,
                  maxima: high))
            }
          }
        }
      }
    }
    for part in 1..<max(parts, 1) {
      for channel in 0..<channels {
        minima[channel] = min(minima[channel], ranges[2 * (part - 1) * channels + channel])
        maxima[channel] = max(maxima[channel], ranges[(2 * part - 1) * channels + channel])
      }
    }
    return found.reduce(into: (ValueMoments(), 0)) { total, piece in
      total.0.sum += piece.0.sum
      total.0.sumOfSquares += piece.0.squares
      total.0.zeroCount += Int(piece.0.zero_count)
      total.1 += piece.1
    }
  }
}

/// Some rows that have just been summarized.
package struct SummarizedPiece {
  /// Which thread's share they belong to.
  package let part: Int
  package let values: UnsafePointer<Float>
  package let count: Int
  /// Of each channel, over the pieces of this part so far.
  package let minima: UnsafePointer<Float>
  package let maxima: UnsafePointer<Float>
}
