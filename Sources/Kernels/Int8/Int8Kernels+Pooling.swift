internal import CKernels

/// A window that slides over NHWC images and keeps their channels.
package struct PoolingWindow: Hashable, Sendable {
  /// `outputChannels` and `groups` are the input's channels.
  package var geometry: ConvolutionGeometry
  /// Output sizes, which differ from the geometry's when the last window may hang over
  /// (`ceil_mode`).
  package var outputHeight: Int
  package var outputWidth: Int

  package init(geometry: ConvolutionGeometry, outputHeight: Int? = nil, outputWidth: Int? = nil) {
    self.geometry = geometry
    self.outputHeight = outputHeight ?? geometry.outputHeight
    self.outputWidth = outputWidth ?? geometry.outputWidth
  }

  /// Output rows that are worth a thread.
  fileprivate var rowGrain: Int {
    let steps =
      outputWidth * geometry.inputChannels * geometry.kernelHeight * geometry.kernelWidth
    return 1 + (1 << 16) / max(steps, 1)
  }

  /// The taps along one axis that lie inside of the image, and how many lie inside of image and
  /// padding.
  fileprivate struct Taps {
    var inside: Range<Int>
    var padded: Int

    init(start: Int, taps: Int, dilation: Int, size: Int, padAfter: Int) {
      func count(before end: Int) -> Int {
        end <= start ? 0 : min(taps, (end - start + dilation - 1) / dilation)
      }
      let first = count(before: 0)
      inside = first..<max(first, count(before: size))
      padded = count(before: size + padAfter)
    }
  }

  fileprivate func rowTaps(_ row: Int) -> Taps {
    Taps(
      start: row * geometry.strideHeight - geometry.padTop, taps: geometry.kernelHeight,
      dilation: geometry.dilationHeight, size: geometry.inputHeight, padAfter: geometry.padBottom)
  }

  fileprivate func columnTaps(_ column: Int) -> Taps {
    Taps(
      start: column * geometry.strideWidth - geometry.padLeft, taps: geometry.kernelWidth,
      dilation: geometry.dilationWidth, size: geometry.inputWidth, padAfter: geometry.padRight)
  }

  /// The output columns whose windows lie inside of the image.
  fileprivate var innerColumns: Range<Int> {
    let room =
      geometry.inputWidth + geometry.padLeft - (geometry.kernelWidth - 1) * geometry.dilationWidth
    let first = (geometry.padLeft + geometry.strideWidth - 1) / geometry.strideWidth
    let end = min(outputWidth, room <= 0 ? 0 : (room - 1) / geometry.strideWidth + 1)
    return first..<max(first, end)
  }

  /// The first pixel of tap row `tap` of a window, and the elements from tap to tap.
  fileprivate func taps(
    _ image: UnsafePointer<UInt8>, row: Int, tap: Int, column: Int, first: Int
  ) -> (start: UnsafePointer<UInt8>, stride: Int) {
    let y = row * geometry.strideHeight - geometry.padTop + tap * geometry.dilationHeight
    let x = column * geometry.strideWidth - geometry.padLeft + first * geometry.dilationWidth
    let channels = geometry.inputChannels
    return (
      image + (y * geometry.inputWidth + x) * channels, geometry.dilationWidth * channels
    )
  }
}

/// How an average of codes becomes a code: `rint(f32(sum - n * za) * f32(multiplier / n)) + zo`,
/// clamped to 0...255.
package struct AverageInt8: Hashable, Sendable {
  package var inputZeroPoint: UInt8
  /// `inputScale / outputScale`.
  package var multiplier: Float
  package var outputZeroPoint: UInt8

  package init(inputZeroPoint: UInt8, multiplier: Float, outputZeroPoint: UInt8) {
    self.inputZeroPoint = inputZeroPoint
    self.multiplier = multiplier
    self.outputZeroPoint = outputZeroPoint
  }

  /// Requantizes sums that have the zero point taken off already.
  fileprivate func requantize(
    _ sums: UnsafePointer<Int32>, _ output: UnsafeMutablePointer<UInt8>, count: Int, divisor: Int,
    kernels: kern_int8_table
  ) {
    var quotient = multiplier / Float(divisor)
    let zero = Int32(outputZeroPoint)
    withUnsafePointer(to: &quotient) { quotient in
      var constants = kern_requantization(
        multipliers: quotient, low: Float(0 - zero), high: Float(255 - zero), zero_point: zero,
        is_bounded: false)
      kernels.requantize_s32_u8(sums, output, count, &constants)
    }
  }
}

extension Int8Kernels {
  /// The largest code of each window; padding never wins, and a window without any pixel gives 0.
  /// - `output`: `[batch, outputHeight, outputWidth, channels]`.
  package func maxPool(
    _ window: PoolingWindow, _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>,
    batch: Int, pool: ThreadPool
  ) {
    let kernel = table.max_windows_u8
    let geometry = window.geometry
    let channels = geometry.inputChannels
    let inner = window.innerColumns
    pool.parallel(batch * window.outputHeight, grain: window.rowGrain) { range in
      for line in range {
        let image = input + line / window.outputHeight * geometry.inputCount
        let row = line % window.outputHeight
        let rows = window.rowTaps(row).inside
        var column = 0
        while column < window.outputWidth {
          // Windows that lie inside of the image are alike and go together.
          let count = column == inner.lowerBound ? max(inner.count, 1) : 1
          let out = output + (line * window.outputWidth + column) * channels
          let columns = window.columnTaps(column).inside
          if rows.isEmpty || columns.isEmpty {
            out.update(repeating: 0, count: channels)
          } else {
            let (start, stride) = window.taps(
              image, row: row, tap: rows.lowerBound, column: column, first: columns.lowerBound)
            var windows = kern_windows_u8(
              first: start, count: count, step: geometry.strideWidth * channels, rows: rows.count,
              row_stride: geometry.dilationHeight * geometry.inputWidth * channels,
              columns: columns.count, column_stride: stride, channels: channels)
            kernel(&windows, out)
          }
          column += count
        }
      }
    }
  }

  /// The mean of each window.
  /// - `includesPadding`: whether padding counts as zeros (`count_include_pad`).
  package func averagePool(
    _ window: PoolingWindow, includesPadding: Bool, _ average: AverageInt8,
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    pool: ThreadPool
  ) {
    let kernels = table
    let geometry = window.geometry
    let channels = geometry.inputChannels
    pool.parallel(batch * window.outputHeight, grain: window.rowGrain) { range in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: channels) { buffer in
        guard let sums = buffer.baseAddress else { return }
        for line in range {
          let image = input + line / window.outputHeight * geometry.inputCount
          let row = line % window.outputHeight
          let rows = window.rowTaps(row)
          for column in 0..<window.outputWidth {
            let columns = window.columnTaps(column)
            let count = rows.inside.count * columns.inside.count
            sums.update(
              repeating: -Int32(average.inputZeroPoint) * Int32(count), count: channels)
            for tap in rows.inside where count > 0 {
              let (start, stride) = window.taps(
                image, row: row, tap: tap, column: column, first: columns.inside.lowerBound)
              kernels.sum_rows_u8(start, columns.inside.count, stride, channels, sums)
            }
            average.requantize(
              sums, output + (line * window.outputWidth + column) * channels, count: channels,
              divisor: max(includesPadding ? rows.padded * columns.padded : count, 1),
              kernels: kernels)
          }
        }
      }
    }
  }

  /// The mean of all pixels: `[batch, pixels, channels]` to `[batch, channels]`.
  package func globalAveragePool(
    _ average: AverageInt8, _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>,
    batch: Int, pixels: Int, channels: Int, pool: ThreadPool
  ) {
    let kernels = table
    precondition(pixels <= 1 << 22, "\(pixels) pixels overflow the sums")
    pool.parallel(batch, grain: max(1, Self.grain / max(pixels * channels, 1))) { range in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: channels) { buffer in
        guard let sums = buffer.baseAddress else { return }
        for image in range {
          sums.update(repeating: -Int32(average.inputZeroPoint) * Int32(pixels), count: channels)
          kernels.sum_rows_u8(input + image * pixels * channels, pixels, channels, channels, sums)
          average.requantize(
            sums, output + image * channels, count: channels, divisor: max(pixels, 1),
            kernels: kernels)
        }
      }
    }
  }
}
