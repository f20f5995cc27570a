/// The sizes of a two-dimensional convolution over NHWC images; one-dimensional is height 1.
package struct ConvolutionGeometry: Hashable, Sendable {
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
  package var groups: Int

  /// - Precondition: sizes, strides, dilations and groups are positive, pads are not negative, and
  ///   `groups` divides both channel counts.
  package init(
    inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int,
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1, strideWidth: Int = 1,
    dilationHeight: Int = 1, dilationWidth: Int = 1, padTop: Int = 0, padLeft: Int = 0,
    padBottom: Int = 0, padRight: Int = 0, groups: Int = 1
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
    self.groups = groups
    precondition(isValid, "convolution sizes out of range: \(self)")
  }

  private var isValid: Bool {
    let positive = [
      inputHeight, inputWidth, inputChannels, outputChannels, kernelHeight, kernelWidth,
      strideHeight, strideWidth, dilationHeight, dilationWidth, groups,
    ]
    return positive.allSatisfy { $0 > 0 }
      && [padTop, padLeft, padBottom, padRight].allSatisfy { $0 >= 0 }
      && inputChannels % groups == 0 && outputChannels % groups == 0
  }

  /// `floor((input + pads - ((kernel - 1) * dilation + 1)) / stride) + 1`, and 0 where the kernel
  /// does not fit.
  package var outputHeight: Int {
    Self.outputSize(
      input: inputHeight + padTop + padBottom, kernel: kernelHeight, stride: strideHeight,
      dilation: dilationHeight)
  }

  /// As `outputHeight`, along the width.
  package var outputWidth: Int {
    Self.outputSize(
      input: inputWidth + padLeft + padRight, kernel: kernelWidth, stride: strideWidth,
      dilation: dilationWidth)
  }

  private static func outputSize(input: Int, kernel: Int, stride: Int, dilation: Int) -> Int {
    let room = input - ((kernel - 1) * dilation + 1)
    return room < 0 ? 0 : room / stride + 1
  }

  package var inputChannelsPerGroup: Int { inputChannels / groups }
  package var outputChannelsPerGroup: Int { outputChannels / groups }

  /// Elements of one input image.
  package var inputCount: Int { inputHeight * inputWidth * inputChannels }
  /// Elements of one output image.
  package var outputCount: Int { outputHeight * outputWidth * outputChannels }
  /// Elements of the weights, `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  package var weightCount: Int {
    outputChannels * inputChannelsPerGroup * kernelHeight * kernelWidth
  }

  /// Products for one image, those with padding included.
  package var multiplyAccumulates: Int { outputHeight * outputWidth * weightCount }

  /// Whether every channel is filtered on its own, with one output each.
  package var isDepthwise: Bool { groups == inputChannels && groups == outputChannels }

  /// Whether every output pixel is a linear map of the input pixel at the same place.
  package var isPointwise: Bool {
    kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1
      && padTop == 0 && padLeft == 0 && padBottom == 0 && padRight == 0
  }
}
