import Calibration
import Conversion
import Execution
import Graphs
import Quantization
import Testing

@Suite struct ModelComparisonTests {
  @Test func aModelEqualsItself() throws {
    let model = try Digits.layers().model
    let report = try ModelComparison(model, model).run(Digits.batches("test", count: 2, size: 8))
    #expect(report.sampleCount == 16)
    #expect(!report.values.isEmpty)
    #expect(report.values.allSatisfy { $0.error.largestError == 0 })
    #expect(report.outputs.first?.agreement == 1)
    #expect(report.outputs.first?.firstAccuracy == report.outputs.first?.secondAccuracy)
  }

  @Test func metricsCanBeThoseOfONNXRuntime() throws {
    let model = try Digits.layers().model
    let data = try Digits.batches("test", count: 1, size: 8)
    let torch = try ModelComparison(model, model).run(data)
    let ort = try ModelComparison(model, model, metrics: .ort).run(data)
    #expect(torch.outputs.first?.error.decibels == .infinity)
    let decibels = try #require(ort.outputs.first?.error.decibels)
    #expect(decibels.isFinite && decibels > 300)
    #expect(ort.values.allSatisfy { $0.error.decibels.isFinite })
  }

  @Test func layersOfAConvertedModelAreFoundBehindTheirRounding() throws {
    let layers = try Digits.layers()
    let conversion = try Digits.conversion(layers).conversion
    let report = try ModelComparison(layers.model, mode: .float, conversion.model)
      .run(Digits.batches("test", count: 2, size: 8))
    let value = try #require(report.values.first { $0.name == "/5/Relu_output_0" })
    #expect(value.counterpart == "/5/Relu_output_0_dequantized")
    #expect((25...60).contains(value.error.decibels))
    #expect(Set(report.values.map(\.name)).isSuperset(of: layers.layers.map(\.output)))
    let output = try #require(report.outputs.first)
    #expect((25...60).contains(output.error.decibels))
    #expect(output.agreement == 1)
  }

  /// Quantizers that fold a clamp into the convolution name its codes after the convolution.
  @Test func aClampThatRoundingDoesIsComparedBehindTheClamp() throws {
    let layers = try Digits.layers()
    let form = try Digits.conversion(layers).conversion.model(in: .qoperator)
    let report = try ModelComparison(layers.model, mode: .float, form)
      .run(Digits.batches("test", count: 2, size: 8))
    #expect(Set(report.values.map(\.name)).isSuperset(of: layers.layers.dropLast().map(\.output)))
    #expect(Set(report.values.map(\.name)).count == report.values.count)
    #expect(report.values.allSatisfy { $0.error.decibels > 20 })
  }

  @Test func modelsWithoutACommonOutputAreRefused() throws {
    let digits = try Digits.layers().model
    let other = try Digits.layers(of: "toy_conv_conv").model
    #expect(throws: CalibrationError.self) { try ModelComparison(digits, other) }
  }
}
