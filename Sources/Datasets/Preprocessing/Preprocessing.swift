package import Tensors

/// What is done to each sample before the model sees it.
///
/// Before everything, `frame` cuts recordings into overlapping samples. The order of the other steps
/// is fixed, whatever the order in the text:
/// 1. `resize`: bilinear, pixel centres at half coordinates, no antialiasing, so that strong
///    reduction differs from libraries that blur first; the result is not rounded to whole values.
/// 2. `crop`: the centre.
/// 3. `scale`: `x · numerator / denominator` in float32.
/// 4. `mean`, `std`: `(x − mean) / std`, one value or one for each channel of the data as it comes.
/// 5. `order`: the channels reversed (`bgr`), or one luma channel (`gray`).
/// 6. `layout`: channels last to channels first, or back.
/// 7. `dtype`: rounded half to even for an integer type.
///
/// Steps 1, 3, 4 and `gray` give float32; the others keep the type. Codable as its text.
package struct Preprocessing: Hashable, Sendable {
  /// What `resize` or `crop` aims at, in pixels.
  package enum Extent: Hashable, Sendable {
    /// For `resize` the shorter side, the other in proportion; for `crop` both sides.
    case side(Int)
    case exact(height: Int, width: Int)
  }

  /// A factor written as a number or a fraction, so that `1/255` divides exactly as NumPy does.
  package struct Ratio: Hashable, Sendable {
    package var numerator: Double
    package var denominator: Double

    package init(_ numerator: Double, over denominator: Double = 1) {
      self.numerator = numerator
      self.denominator = denominator
    }
  }

  package enum ChannelOrder: String, Sendable {
    /// As the data comes.
    case rgb
    /// Reversed.
    case bgr
    /// One channel: 0.299 R + 0.587 G + 0.114 B.
    case gray
  }

  package enum Layout: String, Sendable {
    case channelsFirst = "nchw"
    case channelsLast = "nhwc"
  }

  package var frame: Framing?
  package var resize: Extent?
  package var crop: Extent?
  package var scale: Ratio?
  package var mean: [Double] = []
  package var standardDeviation: [Double] = []
  package var order: ChannelOrder?
  /// How the data lies as it comes; guessed from its shape when `nil` and needed.
  package var sourceLayout: Layout?
  /// How the model takes it; as the data comes when `nil`.
  package var layout: Layout?
  package var elementType: ElementType?

  package init() {}

  /// Whether every sample stays as it is.
  package var isIdentity: Bool {
    !changesValues && crop == nil && !movesChannels && elementType == nil
  }

  /// Whether samples become float32 on the way.
  var changesValues: Bool {
    resize != nil || scale != nil || !mean.isEmpty || !standardDeviation.isEmpty || order == .gray
  }

  /// Whether values are scaled or shifted, as opposed to only moved or interpolated.
  var normalizes: Bool { scale != nil || !mean.isEmpty || !standardDeviation.isEmpty }

  var movesChannels: Bool { order == .bgr || order == .gray || changesLayout }

  var changesLayout: Bool {
    layout.map { $0 != (sourceLayout ?? $0) } ?? false
  }

  /// Whether a step has to know which axis holds the channels.
  var needsLayout: Bool {
    resize != nil || crop != nil || movesChannels || mean.count > 1
      || standardDeviation.count > 1
  }
}

extension Preprocessing: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try self.init(parsing: try container.decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
