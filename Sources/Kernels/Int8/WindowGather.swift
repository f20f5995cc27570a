internal import CKernels

/// Copies the windows of a convolution into rows of a matrix.
struct WindowGather {
  let geometry: ConvolutionGeometry

  /// Output pixels of one image.
  var pixels: Int { geometry.outputHeight * geometry.outputWidth }

  var kernelValue: kern_window_u8 {
    kern_window_u8(
      height: geometry.inputHeight, width: geometry.inputWidth, channels: geometry.inputChannels,
      kernel_height: geometry.kernelHeight, kernel_width: geometry.kernelWidth,
      stride_height: geometry.strideHeight, stride_width: geometry.strideWidth,
      dilation_height: geometry.dilationHeight, dilation_width: geometry.dilationWidth,
      pad_top: geometry.padTop, pad_left: geometry.padLeft,
      output_height: geometry.outputHeight, output_width: geometry.outputWidth)
  }

  /// - `rows`: output pixels, counted through all images of the batch.
  /// - `stride`: bytes from row to row; those behind the window become zero.
  func gather(
    _ input: UnsafePointer<UInt8>, group: Int, rows: Range<Int>, pad: UInt8,
    to copy: UnsafeMutablePointer<UInt8>, stride: Int
  ) {
    var window = kernelValue
    let channels = geometry.inputChannelsPerGroup
    var row = rows.lowerBound
    while row < rows.upperBound {
      let image = row / pixels
      let end = min(rows.upperBound, (image + 1) * pixels)
      kern_gather_u8(
        &window, input + image * geometry.inputCount, group * channels, channels, pad,
        row - image * pixels, end - image * pixels, copy + (row - rows.lowerBound) * stride, stride,
        stride)
      row = end
    }
  }
}
