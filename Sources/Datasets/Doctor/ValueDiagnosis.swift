import Foundation
import Tensors

/// What the values of one input suggest.
struct ValueDiagnosis {
  let summary: InputSummary
  let input: InputSpecification
  let preprocessing: Preprocessing
  /// Whether one value was given for every batch on purpose.
  let isConstantByIntent: Bool
  let isRandom: Bool
  /// Of the first batch.
  let shape: Shape

  var findings: [DoctorFinding] {
    var found: [DoctorFinding] = []
    found += notFinite
    guard summary.finiteCount > 0 else { return found }
    found += constant
    guard !isRandom, isReal else { return found }
    found += outlier
    if isImage { found += channelAxis + image }
    return found
  }

  private var isReal: Bool {
    [.float32, .float16, .float64, .bfloat16].contains(input.elementType)
  }

  private var isImage: Bool { !summary.channelMeans.isEmpty || input.dimensions.count == 4 }

  private var place: String { "input '\(input.name)'" }

  private func finding(
    _ severity: DoctorFinding.Severity, _ what: String, _ whatToDo: String
  ) -> DoctorFinding {
    DoctorFinding(severity: severity, what: what, place: place, whatToDo: whatToDo)
  }

  private var notFinite: [DoctorFinding] {
    let count = summary.nanCount + summary.infinityCount
    guard count > 0 else { return [] }
    let isAll = summary.finiteCount == 0
    return [
      finding(
        isAll ? .error : .warning,
        "\(summary.nanCount) NaN and \(summary.infinityCount) infinities "
          + "among \(summary.valueCount) values.",
        isAll
          ? "There is nothing to calibrate with: check how the data was written."
          : "They are counted and left out of every range; find out where they come from.")
    ]
  }

  private var constant: [DoctorFinding] {
    guard summary.minimum == summary.maximum, summary.valueCount > 1, !isConstantByIntent else {
      return []
    }
    return [
      finding(
        .warning, "Every value looked at is \(text(summary.minimum)).",
        "A constant input gives a range of no width: check the mapping and the data.")
    ]
  }

  private var outlier: [DoctorFinding] {
    let deviation = summary.standardDeviation
    guard deviation > 0 else { return [] }
    let farthest = max(summary.maximum - summary.mean, summary.mean - summary.minimum) / deviation
    guard farthest > 25 else { return [] }
    return [
      finding(
        .warning,
        "A value lies \(Int(farthest)) standard deviations from the mean "
          + "(\(text(summary.minimum)) to \(text(summary.maximum))).",
        "If it is a mistake in the data, it will widen every step of the quantized input.")
    ]
  }

  /// Where the model leaves its channels open, only the data can tell.
  private var channelAxis: [DoctorFinding] {
    guard shape.rank == 4, input.dimensions.count == 4, input.dimensions[1] == nil,
      [1, 3, 4].contains(shape[3]), shape[1] > 4, !preprocessing.changesLayout
    else { return [] }
    return [
      finding(
        .warning,
        "The model does not fix its channels, and the data is \(shape): its channels may be last.",
        "ONNX models usually take them first: if so, add --preprocess layout=nhwc->nchw.")
    ]
  }

  private var image: [DoctorFinding] {
    let (low, high) = (summary.minimum, summary.maximum)
    if summary.isWhole, low >= 0, high > 16, high <= 255 {
      let lost =
        preprocessing.isIdentity
        ? "" : " Preprocessing (\(preprocessing.text)) does not scale them."
      return [
        finding(
          .warning,
          "Whole values from \(text(low)) to \(text(high)): these look like 8-bit pixels, "
            + "and most models take 0 to 1 or normalized values." + lost,
          "Unless this model scales by itself, add --preprocess scale=1/255, "
            + "with mean= and std= where it was trained with them.")
      ]
    }
    if low >= 0, high > 0, high <= 0.02 {
      return [
        finding(
          .warning,
          "Values from \(text(low)) to \(text(high)): they seem to be divided by 255 twice.",
          "Remove scale= from --preprocess, or give the data unscaled.")
      ]
    }
    return [range(low, high)].compactMap { $0 } + channelOrder
  }

  /// What the range says about mean and deviation.
  private func range(_ low: Double, _ high: Double) -> DoctorFinding? {
    guard summary.channelMeans.count == 3 else { return nil }
    if low >= 0, high <= 1, high > 0.5, !preprocessing.hasMean {
      return finding(
        .note,
        "Values from \(text(low)) to \(text(high)), mean \(text(summary.mean)): "
          + "scaled, with no mean or deviation taken off.",
        "Models trained on ImageNet usually want "
          + "mean=0.485:0.456:0.406,std=0.229:0.224:0.225 as well.")
    }
    if low < -1.1, low > -2.9, high > 1.1, high < 2.9, abs(summary.mean) < 2 {
      return finding(
        .note,
        "Values from \(text(low)) to \(text(high)), mean \(text(summary.mean)): "
          + "normalized as ImageNet models want them.", "")
    }
    return nil
  }

  /// In photographs red is usually the brightest channel and blue the darkest.
  private var channelOrder: [DoctorFinding] {
    let means = summary.channelMeans
    guard means.count == 3, !preprocessing.hasMean, preprocessing.order == nil,
      means[0] < means[1], means[1] < means[2],
      means[2] - means[0] > 0.05 * (summary.maximum - summary.minimum)
    else { return [] }
    return [
      finding(
        .note,
        "The channels grow brighter (\(means.map(text).joined(separator: ", "))); "
          + "in photographs red is usually the brightest.",
        "If the data is blue, green, red and the model is not, add --preprocess order=bgr.")
    ]
  }

  /// Three significant digits.
  private func text(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e6 { return String(Int(value)) }
    let digits = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    let factor = pow(10, Double(min(digits, 12)))
    return "\((value * factor).rounded() / factor)"
  }
}

extension Preprocessing {
  fileprivate var hasMean: Bool { !mean.isEmpty || !standardDeviation.isEmpty }
}
