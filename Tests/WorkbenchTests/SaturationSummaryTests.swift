import Sessions
import Testing
import Workbench

@Suite struct SaturationSummaryTests {
  private var found: SaturationSummary {
    SaturationSummary(
      samples: 32, pairs: 1_000_000, saturated: 30_000,
      layers: [
        .init(layer: "/a", pairs: 500_000, saturated: 25_000),
        .init(layer: "/b", pairs: 400_000, saturated: 4_000),
        .init(layer: "/c", pairs: 50_000, saturated: 900),
        .init(layer: "/d", pairs: 50_000, saturated: 100),
      ], exactDecibels: 37.1, saturatingDecibels: 16.4,
      remedy: .init(rule: "all:weight.bits=7", saturated: 0, outputDecibels: 35.4))
  }

  @Test func saysHowManyWhereAndByHowMuch() {
    #expect(
      found.text == """
        Saturation in ONNX Runtime on AVX2 without VNNI: 30.0k of 1.0M sums, in /a 5.0%, /b 1.0%, \
        /c 1.8% and 1 more; the output has 16.4 dB there instead of 37.1 dB. Remedy: weights of 7 \
        bits (reduce_range), --set all:weight.bits=7, 35.4 dB; or int8 activations in operators on \
        codes, --target ort_s8s8 --format qoperator.
        """)
  }

  @Test func saysNone() {
    let none = SaturationSummary(
      samples: 8, pairs: 200, saturated: 0, layers: [], exactDecibels: 30, saturatingDecibels: 30)
    #expect(none.text == "Saturation in ONNX Runtime on AVX2 without VNNI: none, of 200 sums.")
  }

  @Test func aRemedyThatDoesNotHelpIsNotNamed() {
    var stubborn = found
    stubborn.remedy = .init(rule: "all:weight.bits=7", saturated: 5, outputDecibels: 17)
    #expect(!stubborn.text.contains("all:weight.bits=7"))
    #expect(stubborn.text.contains("--target ort_s8s8 --format qoperator"))
  }

  @Test func theWorkbenchWarnsAfterAnExport() {
    var state = SampleProject.calibrated()
    _ = state.update(.export(path: "/tmp/out.onnx"))
    let summary = ExportSummary(
      path: "/tmp/out.onnx", byteCount: 1, verification: "equal", saturation: found)
    _ = state.update(.event(.exported(run: state.run, summary)))
    #expect(
      state.message?.text == """
        Exported /tmp/out.onnx. ONNX Runtime on AVX2 without VNNI saturates: 16.4 dB instead of \
        37.1 dB. See the Log.
        """)
    #expect(state.log.entries.map(\.text).contains(found.text))
    #expect(state.log.entries.map(\.text).contains("Exported /tmp/out.onnx: equal."))
  }
}
