import Execution
import Graphs
import Kernels
import Tensors
import Testing

/// Integer plans against ONNX Runtime with optimizations off, and against our simulation.
@Suite struct IntegerPlanTests {
  @Test(arguments: RecordedCase.quantized)
  func simulationAgreesWithONNXRuntime(recorded: RecordedCase) throws {
    for isa in InstructionSet.available {
      let outputs = try recorded.run(ExecutionOptions(mode: .simulated, instructionSet: isa))
      let expected = try #require(recorded.expected["y"])
      let found = try #require(outputs["y"])
      // Sums in another order may fall on the other side of a tie.
      #expect(found.distance(to: expected) <= recorded.outputScale * 1.01)
      #expect(found.count(differingFrom: expected) <= max(1, expected.elementCount / 20))
    }
  }

  @Test(arguments: RecordedCase.quantized)
  func executionStaysWithinOneCode(recorded: RecordedCase) throws {
    let expected = try #require(recorded.expected["y"])
    var results: [Tensor] = []
    for isa in InstructionSet.available {
      for threads in [1, 2] {
        let options = ExecutionOptions(mode: .integer, instructionSet: isa, threads: threads)
        let found = try #require(try recorded.run(options)["y"])
        #expect(found.distance(to: expected) <= recorded.outputScale * 1.01, "\(isa)")
        results.append(found)
      }
    }
    #expect(results.allSatisfy { $0 == results[0] }, "instruction sets or threads differ")
  }

  @Test(arguments: RecordedCase.quantized)
  func nothingIsLeftToFloatIslands(recorded: RecordedCase) throws {
    let executor = try Executor(
      model: recorded.model, options: ExecutionOptions(mode: .integer))
    let plan = try executor.plan(for: recorded.feeds.mapValues(\.shape))
    #expect(plan.steps.allSatisfy { !$0.kernel.contains("island") }, "\(plan.steps.map(\.kernel))")
  }

  @Test func activationsBehindConvolutionsBecomeTheirTable() throws {
    let recorded = try #require(
      RecordedCase.quantized.first { $0.name == "conv_hardswish_u8" })
    let plan = try Executor(model: recorded.model, options: ExecutionOptions(mode: .integer))
      .plan(for: recorded.feeds.mapValues(\.shape))
    let step = try #require(plan.steps.first { $0.multiplyAccumulates > 0 })
    #expect(step.kernel.hasSuffix("+table256"))
    #expect(step.nodes.count == 5)
  }

  @Test func aKeptValueIsNotHiddenByATable() throws {
    let recorded = try #require(
      RecordedCase.quantized.first { $0.name == "conv_hardswish_u8" })
    // What the convolution gives: the input of HardSwish.
    let inner = try #require(
      recorded.model.graph.nodes.first { $0.is("HardSwish") }?.inputs.first)
    var seen: [String: Tensor] = [:]
    var codes: [Int32] = []
    for mode in [ExecutionMode.simulated, .integer] {
      let executor = try Executor(
        model: recorded.model, options: ExecutionOptions(mode: mode, kept: [inner]))
      _ = try executor.run(recorded.feeds) { value in
        seen[mode.rawValue] = value.tensor()
        if mode == .integer, let found = value.codes {
          codes = (0..<found.bytes.count).map { found.code($0) }
        }
      }
    }
    let simulated = try #require(seen["simulated"])
    let executed = try #require(seen["integer"])
    #expect(executed.distance(to: simulated) <= 0.0501)
    #expect(codes.count == executed.elementCount)
  }

  @Test func countsWhatASaturatingKernelWouldLose() throws {
    let recorded = try #require(RecordedCase.quantized.first { $0.name == "conv_u8" })
    let executor = try Executor(
      model: recorded.model, options: ExecutionOptions(mode: .integer))
    let report = try executor.saturationReport(recorded.feeds)
    #expect(report.count == 1)
    #expect(report[0].pairs > 0)
    #expect((report[0].saturated == 0) == (report[0].sqnr == .infinity))
    let float = try Executor(model: recorded.model)
    #expect(try float.saturationReport(recorded.feeds).isEmpty)
  }
}

extension RecordedCase {
  /// The step of the last quantizer.
  var outputScale: Float {
    let last = model.graph.nodes.last { $0.is("DequantizeLinear") }
    return last.flatMap { model.graph.constant($0.inputs[1]) }?.floats[0] ?? 0
  }
}

extension Tensor {
  func count(differingFrom other: Tensor) -> Int {
    guard shape == other.shape else { return max(elementCount, other.elementCount) }
    return zip(floats, other.floats).count { $0 != $1 }
  }
}
