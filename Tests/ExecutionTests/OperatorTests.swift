import Execution
import Graphs
import Kernels
import Tensors
import Testing

@Suite struct OperatorTests {
  @Test func everyRecordedCaseIsThere() {
    #expect(RecordedCase.operators.count > 210)
    #expect(RecordedCase.quantized.count > 50)
  }

  @Test(arguments: RecordedCase.operators)
  func agreesWithONNXRuntime(recorded: RecordedCase) throws {
    for isa in InstructionSet.available {
      for fuses in [true, false] {
        let options = ExecutionOptions(instructionSet: isa, fuses: fuses)
        let outputs = try recorded.run(options)
        #expect(Set(outputs.keys) == Set(recorded.expected.keys))
        for (name, expected) in recorded.expected {
          let found = try #require(outputs[name])
          if expected.elementType == .float32 {
            let tolerance = 1e-6 + 2e-6 * max(1, expected.extent)
            #expect(found.distance(to: expected) <= tolerance, "\(isa), fuses: \(fuses)")
          } else {
            #expect(found == expected, "\(isa), fuses: \(fuses)")
          }
        }
      }
    }
  }

  @Test(arguments: ["chain_hardswish", "chain_residual", "chain_bias_matmul"])
  func fusesNeighboursIntoOneStep(name: String) throws {
    let recorded = try #require(RecordedCase.operators.first { $0.name == name })
    let executor = try Executor(model: recorded.model)
    let plan = try executor.plan(for: recorded.feeds.mapValues(\.shape))
    let named = plan.steps.filter { !$0.nodes.isEmpty }
    #expect(named.count == (name == "chain_residual" ? 2 : 1))
    let nodes = Set(named.flatMap(\.nodes))
    #expect(nodes == Set(executor.model.graph.nodes.map(\.id)))
  }

  @Test func constantScalarsMakeOnePass() throws {
    let recorded = try #require(RecordedCase.operators.first { $0.name == "chain_scalars" })
    let plan = try Executor(model: recorded.model).plan(for: recorded.feeds.mapValues(\.shape))
    #expect(plan.steps.count <= 2)
  }
}
