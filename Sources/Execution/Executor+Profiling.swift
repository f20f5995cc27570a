package import Tensors

extension Executor {
  /// Times every step of some runs.
  ///
  /// Stops early, with what is measured, when `shouldStop` says so between runs.
  package func profile(
    _ inputs: [String: Tensor], runs: Int, warmUp: Int = 2, shouldStop: () -> Bool = { false }
  ) throws(ExecutionError) -> Profile {
    let (plan, table) = try prepare(inputs)
    return try withExtendedLifetime(inputs) { () throws(ExecutionError) in
      let context = RunContext(pointers: table, pool: pool)
      let clock = ContinuousClock()
      var totals: [Duration] = []
      var durations = [[Duration]](repeating: [], count: plan.steps.count)
      for run in 0..<(warmUp + runs) {
        if shouldStop() { break }
        let start = clock.now
        var last = start
        for (index, step) in plan.steps.enumerated() {
          try step.body(context)
          let now = clock.now
          if run >= warmUp { durations[index].append(now - last) }
          last = now
        }
        if run >= warmUp { totals.append(last - start) }
      }
      return Profile(plan: plan.description, totals: totals, stepDurations: durations)
    }
  }

  /// What kernels without a guard against saturation would do to these inputs, for every step that
  /// multiplies codes; empty for plans that are not integer.
  package func saturationReport(
    _ inputs: [String: Tensor]
  ) throws(ExecutionError) -> [StepSaturation] {
    let (plan, table) = try prepare(inputs)
    return try withExtendedLifetime(inputs) { () throws(ExecutionError) in
      let context = RunContext(pointers: table, pool: pool)
      var report: [StepSaturation] = []
      for step in plan.steps {
        // Before the step itself, which may overwrite its input.
        if let twin = step.saturation { report.append(twin.measure(context, carries: false)) }
        try step.body(context)
      }
      return report
    }
  }

  /// Runs as a runtime with kernels that saturate would: what one saturates, the next step reads.
  package func runSaturating(
    _ inputs: [String: Tensor], _ kernels: SaturatingKernels
  ) throws(ExecutionError) -> (outputs: [String: Tensor], steps: [StepSaturation]) {
    let (plan, table) = try prepare(inputs)
    return try withExtendedLifetime(inputs) { () throws(ExecutionError) in
      let context = RunContext(pointers: table, pool: pool)
      var report: [StepSaturation] = []
      for step in plan.steps {
        if let twin = step.saturation, twin.belongs(to: kernels) {
          report.append(twin.measure(context, carries: true))
        } else {
          try step.body(context)
        }
      }
      return (collect(plan, table), report)
    }
  }
}
