import Tensors

extension Preprocessing {
  /// One sample as the model takes it.
  ///
  /// Two axes are an image of one channel, three are an image, and four are several images; other
  /// ranks can only be scaled, shifted by one value and cast.
  func applied(to sample: Tensor, place: String) throws(DatasetError) -> Tensor {
    if isIdentity { return sample }
    guard sample.elementType != .string else {
      throw .cannotPrepare(place: place, reason: "it holds text")
    }
    var result = sample
    switch sample.shape.rank {
    case 3 where needsLayout:
      result = try preparedImage(sample, place: place)
    case 2 where needsLayout:
      let shape = sample.shape
      let image = try preparedImage(
        sample.reshaped(to: Shape(shape.dimensions + [1])), place: place)
      let extents = image.shape.dimensions
      result = image.reshaped(
        to: Shape(changesLayout ? Array(extents.dropFirst()) : Array(extents.dropLast())))
    case 4 where needsLayout:
      var images: [Tensor] = []
      for index in 0..<sample.shape[0] {
        images.append(try preparedImage(sample.slice(index), place: place))
      }
      result = try Tensor.stacked(images, place: place)
    default:
      if needsLayout {
        throw .cannotPrepare(
          place: place,
          reason: "a sample of shape \(sample.shape) is no image, so only scale, one mean, one std "
            + "and dtype apply")
      }
      if changesValues { result = try normalized(sample, channelAxis: nil, place: place) }
    }
    guard let elementType else { return result }
    return try result.converted(to: elementType, rounding: true, place: place)
  }

  /// The dimensions that `applied(to:)` gives for a sample of these, or `nil` where it would throw.
  func outputDimensions(_ sample: [Int?]) -> [Int?]? {
    if !needsLayout { return sample }
    switch sample.count {
    case 2:
      guard let image = imageDimensions(sample + [1]) else { return nil }
      return changesLayout ? Array(image.dropFirst()) : Array(image.dropLast())
    case 3: return imageDimensions(sample)
    case 4: return imageDimensions(Array(sample.dropFirst())).map { [sample[0]] + $0 }
    default: return nil
    }
  }

  private func imageDimensions(_ image: [Int?]) -> [Int?]? {
    guard let from = layout(of: image) else { return nil }
    var (height, width, channels) =
      from == .channelsLast ? (image[0], image[1], image[2]) : (image[1], image[2], image[0])
    switch resize {
    case .exact(let newHeight, let newWidth): (height, width) = (newHeight, newWidth)
    case .side(let side):
      if let oldHeight = height, let oldWidth = width {
        (height, width) = ImageGeometry.resized(
          height: oldHeight, width: oldWidth, shorterSide: side)
      } else {
        (height, width) = (nil, nil)
      }
    case nil: break
    }
    switch crop {
    case .exact(let newHeight, let newWidth): (height, width) = (newHeight, newWidth)
    case .side(let side): (height, width) = (side, side)
    case nil: break
    }
    if order == .gray { channels = 1 }
    return (layout ?? from) == .channelsLast
      ? [height, width, channels] : [channels, height, width]
  }

  /// How an image lies: as stated, else by which end looks more like channels.
  func layout(of image: [Int?]) -> Layout? {
    if let sourceLayout { return sourceLayout }
    /// One or three channels are usual, four are seen, other numbers are not.
    func likelihood(_ extent: Int?) -> Int {
      switch extent {
      case 1, 3: 2
      case 4: 1
      default: 0
      }
    }
    let (first, last) = (likelihood(image[0]), likelihood(image[2]))
    if first == last { return nil }
    return first > last ? .channelsFirst : .channelsLast
  }

  private func preparedImage(_ sample: Tensor, place: String) throws(DatasetError) -> Tensor {
    guard let from = layout(of: sample.shape.dimensions.map(Optional.some)) else {
      throw .cannotPrepare(
        place: place,
        reason: "which axis of \(sample.shape) holds the channels is not clear; "
          + "add layout=nhwc or layout=nchw")
    }
    var image = sample
    if let resize {
      image = ImageGeometry.resized(
        try image.converted(to: .float32, rounding: false, place: place), to: resize, layout: from)
    }
    if let crop { image = try ImageGeometry.cropped(image, to: crop, layout: from, place: place) }
    let channelAxis = from == .channelsLast ? 2 : 0
    if changesValues { image = try normalized(image, channelAxis: channelAxis, place: place) }
    switch order {
    case .bgr: image = image.reversed(axis: channelAxis)
    case .gray: image = try ImageGeometry.gray(image, layout: from, place: place)
    case .rgb, nil: break
    }
    guard let layout, layout != from else { return image }
    return image.transposed(layout == .channelsFirst ? [2, 0, 1] : [1, 2, 0])
  }

  /// `(x · numerator / denominator − mean) / std` in float32, one step at a time as NumPy does.
  private func normalized(
    _ sample: Tensor, channelAxis: Int?, place: String
  ) throws(DatasetError) -> Tensor {
    let channels = channelAxis.map { sample.shape[$0] } ?? 1
    for (key, values) in [("mean", mean), ("std", standardDeviation)]
    where values.count > 1 && values.count != channels {
      throw .cannotPrepare(
        place: place, reason: "\(key) has \(values.count) values and the data \(channels) channels")
    }
    var result = try sample.converted(to: .float32, rounding: false, place: place)
    guard normalizes else { return result }
    let inner = channelAxis.map { sample.shape.strides[$0] } ?? sample.elementCount
    let numerator = Float(scale?.numerator ?? 1)
    let denominator = Float(scale?.denominator ?? 1)
    let means = (0..<channels).map { Float(Self.value(mean, $0, otherwise: 0)) }
    let deviations = (0..<channels).map { Float(Self.value(standardDeviation, $0, otherwise: 1)) }
    result.withUnsafeMutableElements(of: Float.self) { values in
      guard inner > 0 else { return }
      if numerator != 1 || denominator != 1 {
        for index in values.indices { values[index] = values[index] * numerator / denominator }
      }
      guard inner == 1 else {
        for (line, start) in stride(from: 0, to: values.count, by: inner).enumerated() {
          let (mean, deviation) = (means[line % channels], deviations[line % channels])
          for index in start..<start + inner { values[index] = (values[index] - mean) / deviation }
        }
        return
      }
      // Neighbours are of different channels: some pixels at a time make loops that are long enough.
      let pattern = (0..<16 * channels).map { $0 % channels }
      let (shifts, divisors) = (pattern.map { means[$0] }, pattern.map { deviations[$0] })
      for start in stride(from: 0, to: values.count, by: pattern.count) {
        let end = min(start + pattern.count, values.count)
        Self.normalize(UnsafeMutableBufferPointer(rebasing: values[start..<end]), shifts, divisors)
      }
    }
    return result
  }

  private static func normalize(
    _ values: UnsafeMutableBufferPointer<Float>, _ means: [Float], _ deviations: [Float]
  ) {
    means.withUnsafeBufferPointer { means in
      deviations.withUnsafeBufferPointer { deviations in
        for index in values.indices {
          values[index] = (values[index] - means[index]) / deviations[index]
        }
      }
    }
  }

  private static func value(_ list: [Double], _ channel: Int, otherwise: Double) -> Double {
    list.isEmpty ? otherwise : list[list.count == 1 ? 0 : channel]
  }
}
