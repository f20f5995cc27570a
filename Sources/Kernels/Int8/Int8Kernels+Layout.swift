internal import CKernels

extension Int8Kernels {
  /// `[batch, rows, columns]` to `[batch, columns, rows]`: NCHW to NHWC has channels as rows and
  /// pixels as columns, NHWC to NCHW the other way round.
  package func transpose(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int, rows: Int,
    columns: Int, pool: ThreadPool
  ) {
    let kernel = table.transpose_u8
    let count = rows * columns
    pool.parallel(batch) { range in
      for image in range { kernel(input + image * count, rows, columns, output + image * count) }
    }
  }

  /// One input of a concatenation.
  package struct Part {
    /// `[pixels, channels]`.
    package var codes: UnsafePointer<UInt8>
    package var channels: Int
    /// 256 codes that take this input to the scale of the output; `nil` when it has that scale.
    package var table: UnsafePointer<UInt8>?

    package init(
      codes: UnsafePointer<UInt8>, channels: Int, table: UnsafePointer<UInt8>? = nil
    ) {
      self.codes = codes
      self.channels = channels
      self.table = table
    }
  }

  /// Puts the channels of all parts side by side: `[pixels, sum of channels]`.
  package func concatenate(
    _ parts: UnsafeBufferPointer<Part>, _ output: UnsafeMutablePointer<UInt8>, pixels: Int,
    pool: ThreadPool
  ) {
    let kernel = table.table_u8
    let width = parts.reduce(0) { $0 + $1.channels }
    pool.parallel(pixels, grain: max(1, Self.grain / max(width, 1))) { range in
      var first = 0
      for part in parts {
        for pixel in range {
          let from = part.codes + pixel * part.channels
          let to = output + pixel * width + first
          if let table = part.table {
            kernel(table, from, to, part.channels)
          } else {
            to.update(from: from, count: part.channels)
          }
        }
        first += part.channels
      }
    }
  }
}
