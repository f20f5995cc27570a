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

  /// Copies the pixels `[batch, rows.count, columns.count, channels]` of each image.
  /// - `rows`: for each output row, the input row.
  /// - `columns`: for each output column, the input column.
  package func resizeNearest(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    inputHeight: Int, inputWidth: Int, channels: Int, rows: [Int], columns: [Int],
    pool: ThreadPool
  ) {
    let rowCount = columns.count * channels
    pool.parallel(batch * rows.count, grain: max(1, Self.grain / max(rowCount, 1))) { range in
      for row in range {
        let image = row / rows.count
        let line =
          input + (image * inputHeight + rows[row % rows.count]) * inputWidth * channels
        for (index, column) in columns.enumerated() {
          (output + row * rowCount + index * channels)
            .update(from: line + column * channels, count: channels)
        }
      }
    }
  }
}
