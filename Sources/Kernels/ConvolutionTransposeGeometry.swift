/// The sizes of a transposed convolution over NHWC images.
///
/// Input pixel `i` and tap `k` add to output pixel `i * stride + k * dilation - pad`.
package struct ConvolutionTransposeGeometry: Hashable, Sendable {
  package var inputHeight: Int
  package var inputWidth: Int
  package var inputChannels: Int
  package var outputChannels: Int
  package var kernelHeight: Int
  package var kernelWidth: Int
  package var strideHeight: Int
  package var strideWidth: Int
  package var dilationHeight: Int
  package var dilationWidth: Int
  package var padTop: Int
  package var padLeft: Int
  package var padBottom: Int
  package var padRight: Int
  /// Extra rows at the bottom.
  package var outputPaddingHeight: Int
  /// Extra columns on the right.
  package var outputPaddingWidth: Int
  package var groups: Int

  /// - Precondition: sizes, strides, dilations and groups are positive, pads are not negative, and
  ///   `groups` divides both channel counts.
  package init(
    inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int,
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1, strideWidth: Int = 1,
    dilationHeight: Int = 1, dilationWidth: Int = 1, padTop: Int = 0, padLeft: Int = 0,
    padBottom: Int = 0, padRight: Int = 0, outputPaddingHeight: Int = 0,
    outputPaddingWidth: Int = 0, groups: Int = 1
  ) {
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.dilationHeight = dilationHeight
    self.dilationWidth = dilationWidth
    self.padTop = padTop
    self.padLeft = padLeft
    self.padBottom = padBottom
    self.padRight = padRight
    self.outputPaddingHeight = outputPaddingHeight
    self.outputPaddingWidth = outputPaddingWidth
    self.groups = groups
    precondition(isValid, "transposed convolution sizes out of range: \(self)")
  }

  private var isValid: Bool {
    let positive = [
      inputHeight, inputWidth, inputChannels, outputChannels, kernelHeight, kernelWidth,
      strideHeight, strideWidth, dilationHeight, dilationWidth, groups,
    ]
    let notNegative = [
      padTop, padLeft, padBottom, padRight, outputPaddingHeight, outputPaddingWidth,
    ]
    return positive.allSatisfy { $0 > 0 } && notNegative.allSatisfy { $0 >= 0 }
      && inputChannels % groups == 0 && outputChannels % groups == 0
  }

  /// `(input - 1) * stride + (kernel - 1) * dilation + 1 + outputPadding - pads`, never below 0.
  package var outputHeight: Int {
    max(
      0,
      (inputHeight - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1
        + outputPaddingHeight - padTop - padBottom)
  }

  /// As `outputHeight`, along the width.
  package var outputWidth: Int {
    max(
      0,
      (inputWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1
        + outputPaddingWidth - padLeft - padRight)
  }

  package var inputChannelsPerGroup: Int { inputChannels / groups }
  package var outputChannelsPerGroup: Int { outputChannels / groups }
  /// Elements of one input image.
  package var inputCount: Int { inputHeight * inputWidth * inputChannels }
  /// Elements of one output image.
  package var outputCount: Int { outputHeight * outputWidth * outputChannels }
  /// Elements of the weights, `[inputChannels, outputChannels / groups, kernelHeight, kernelWidth]`.
  package var weightCount: Int {
    inputChannels * outputChannelsPerGroup * kernelHeight * kernelWidth
  }
  /// Products for one image.
  package var multiplyAccumulates: Int { inputHeight * inputWidth * weightCount }

  /// Which taps reach the output rows `y` with `y % strideHeight == phase`.
  ///
  /// Tap `k` takes input row `(y + padTop - k * dilationHeight) / strideHeight`, which divides.
  package func rowTaps(phase: Int) -> [Int] {
    Self.taps(
      phase: phase, pad: padTop, kernel: kernelHeight, stride: strideHeight,
      dilation: dilationHeight)
  }

  /// As `rowTaps(phase:)`, along the width.
  package func columnTaps(phase: Int) -> [Int] {
    Self.taps(
      phase: phase, pad: padLeft, kernel: kernelWidth, stride: strideWidth,
      dilation: dilationWidth)
  }

  private static func taps(
    phase: Int, pad: Int, kernel: Int, stride: Int, dilation: Int
  ) -> [Int] {
    (0..<kernel).filter { (phase + pad - $0 * dilation) % stride == 0 }
  }
}
