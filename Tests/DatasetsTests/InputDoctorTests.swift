import Tensors
import Testing

@testable import Datasets

@Suite struct InputDoctorTests {
  private let input = InputSpecification.image("x", nil, 3, 6, 6)

  /// A report on samples made by `value(sample, position)`.
  private func report(
    count: Int = 40, preprocessing: String = "", labels: [Int64]? = nil, classCount: Int? = nil,
    value: (Int, Int) -> Float
  ) throws -> DoctorReport {
    let size = 3 * 6 * 6
    let values = (0..<count * size).map { value($0 / size, $0 % size) }
    let x = ArrayReference(Tensor(values, shape: [count, 3, 6, 6]), place: "x")
    var members = [DataMember(name: "x", array: x)]
    if let labels {
      members.append(DataMember(name: "y", array: ArrayReference(Tensor(labels), place: "y")))
    }
    let source = DatasetSource(name: "memory", members: members, paths: [])
    let options = DatasetOptions(preprocessing: try Preprocessing(parsing: preprocessing))
    let dataset = try Dataset(source, inputs: [input], options: options)
    return InputDoctor(classCount: classCount).examine(dataset)
  }

  /// Something like noise in 0..<1, a function of its place.
  private func noise(_ sample: Int, _ position: Int) -> Float {
    var generator = SeededGenerator(seed: 5, name: "\(sample)", index: position)
    return Float(generator.unit())
  }

  private func says(
    _ report: DoctorReport, _ severity: DoctorFinding.Severity, _ words: String
  ) -> Bool {
    report.findings.contains { $0.severity == severity && $0.what.contains(words) }
  }

  @Test func hasNothingToSayAboutNormalizedData() throws {
    let report = try report { (noise($0, $1) - 0.45) / 0.225 }
    #expect(report.findings.allSatisfy { $0.severity == .note })
    #expect(says(report, .note, "normalized as ImageNet models want them"))
    #expect(report.inputs[0].valueCount == 8 * 108)
    #expect(report.examinedSamples == 8)
  }

  @Test func countsWhatIsNotFinite() throws {
    let report = try report { $1 == 0 ? .nan : $1 == 1 ? -.infinity : noise($0, $1) }
    #expect(says(report, .warning, "8 NaN and 8 infinities among 864 values"))
    #expect(report.inputs[0].minimum >= 0 && report.inputs[0].maximum <= 1)
    let nothing = try self.report { _, _ in .nan }
    #expect(says(nothing, .error, "864 NaN"))
  }

  @Test func noticesConstantInputs() throws {
    let report = try report { _, _ in 0.5 }
    #expect(says(report, .warning, "Every value looked at is 0.5"))
    #expect(says(report, .error, "All 8 samples looked at are the same"))
  }

  @Test func noticesRepeatedSamples() throws {
    let report = try report { noise($0 / 20, $1) }
    #expect(says(report, .warning, "6 of the 8 samples looked at repeat others"))
  }

  @Test func noticesPixelsThatNobodyScaled() throws {
    let report = try report { (noise($0, $1) * 255).rounded() }
    #expect(says(report, .warning, "look like 8-bit pixels"))
    #expect(report.findings.contains { $0.whatToDo.contains("scale=1/255") })
    let scaled = try self.report(preprocessing: "scale=1/255") { (noise($0, $1) * 255).rounded() }
    #expect(!says(scaled, .warning, "pixels"))
    #expect(says(scaled, .note, "no mean or deviation taken off"))
  }

  @Test func noticesDataScaledTwice() throws {
    let report = try report(preprocessing: "scale=1/255") { noise($0, $1) }
    #expect(says(report, .warning, "divided by 255 twice"))
  }

  @Test func noticesAnOutlier() throws {
    let report = try report { $0 == 0 && $1 == 5 ? 5000 : noise($0, $1) * 0.1 }
    #expect(says(report, .warning, "standard deviations from the mean"))
  }

  @Test func hintsAtBlueBeforeRed() throws {
    let report = try report { noise($0, $1) * Float(1 + $1 / 36) / 3 }
    #expect(says(report, .note, "The channels grow brighter"))
    let turned = try self.report(preprocessing: "order=bgr,layout=nchw") {
      noise($0, $1) * Float(1 + $1 / 36) / 3
    }
    #expect(!says(turned, .note, "brighter"))
  }

  @Test(arguments: [(3, DoctorFinding.Severity.warning), (20, .note)])
  func countsSamples(count: Int, severity: DoctorFinding.Severity) throws {
    let report = try report(count: count) { noise($0, $1) }
    #expect(says(report, severity, "There are \(count) samples"))
  }

  @Test(arguments: [
    (1, 2, DoctorFinding.Severity.warning, "of class 2"), (4, -1, .error, "lowest label is -1"),
    (4, 1, .error, "seem to count from 1"), (9, 0, .error, "highest label is 8"),
  ])
  func checksLabels(
    classes: Int, first: Int, severity: DoctorFinding.Severity, words: String
  ) throws {
    let labels = (0..<40).map { Int64($0 % classes + first) }
    let report = try report(labels: labels, classCount: 4) { noise($0, $1) }
    #expect(says(report, severity, words))
  }

  @Test func shoutsAtPixelsWithTheirChannelsLast() throws {
    let source = try DatasetSource.open(TestData.path("pixels.npz"))
    let dataset = try Dataset(
      source, inputs: [.image("x", nil, 3, 6, 5)], options: DatasetOptions())
    let report = InputDoctor().examine(dataset)
    #expect(report.hasErrors)
    #expect(report.findings[0].what.contains("channels last, the model wants them channels first"))
    #expect(says(report, .warning, "8-bit pixels"))
    let open = try Dataset(
      source, inputs: [.image("x", nil, nil, nil, nil)], options: DatasetOptions())
    #expect(says(InputDoctor().examine(open), .warning, "channels may be last"))
  }

  @Test func unreadableBatchesAreFindings() throws {
    let source = DatasetSource(
      name: "memory",
      members: [DataMember(name: "images", images: [TestData.path("bad_image.png")])], paths: [])
    let dataset = try Dataset(source, inputs: [input], options: DatasetOptions())
    #expect(says(InputDoctor().examine(dataset), .error, "bad_image.png"))
  }

  @Test func randomDataIsCalledThat() throws {
    let dataset = try Dataset(
      .random(seed: 1, count: 4), inputs: [input], options: DatasetOptions())
    #expect(says(InputDoctor().examine(dataset), .warning, "The data is random"))
  }

  @Test func givesTheSameReportTwice() throws {
    let first = try report(labels: (0..<40).map { Int64($0) }) { noise($0, $1) * 255 }
    #expect(try report(labels: (0..<40).map { Int64($0) }) { noise($0, $1) * 255 } == first)
  }
}
