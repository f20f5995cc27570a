internal import Glibc
internal import Synchronization

/// A fixed set of threads that share the parts of one loop at a time.
///
/// The calling thread takes part, so a pool of one owns no thread and runs everything inline. A
/// call from inside a running loop, or while another thread uses the pool, also runs inline.
/// Threads without work wait for some tens of microseconds and then sleep, so that an idle pool
/// costs nothing. Nobody waits for a thread that sleeps: what it comes too late for, others do.
///
/// `@unchecked`: `workers` is written by `init` only; all that changes lies in `ThreadTeam`.
package final class ThreadPool: @unchecked Sendable {
  package let threadCount: Int
  private let team: ThreadTeam
  private var workers: [pthread_t] = []

  /// Starts `threads - 1` threads, or fewer when the system refuses to.
  /// - Precondition: `threads` is at least 1.
  package init(threads: Int) {
    precondition(threads >= 1, "a pool of \(threads) threads")
    team = ThreadTeam(threads: threads)
    for worker in 1..<max(threads, 1) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(ThreadStart(team: team, worker: worker))
      let status = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
          start.team.work(as: start.worker)
          return nil
        }, start.toOpaque())
      guard status == 0 else {
        start.release()
        break
      }
      workers.append(thread)
    }
    threadCount = workers.count + 1
  }

  deinit {
    team.stop()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// Splits `0..<count` into contiguous ranges, at most one for each thread, and returns when all
  /// ran.
  /// - `grain`: the fewest indices that are worth a thread.
  /// - `body`: runs concurrently, once per range.
  package func parallel(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = min(threadCount, max(1, count / max(grain, 1)))
    guard parts > 1, team.claim() else { return body(0..<count) }
    team.run { worker in
      team.share(parts, as: worker) { part in
        body(count * part / parts..<count * (part + 1) / parts)
      }
    }
    team.release()
  }

  /// Hands out `0..<count` in ranges of `chunk`: each thread begins with a part of its own, and takes
  /// over from others what they have not begun when that is done.
  /// - `body`: runs concurrently; `worker` lies in `0..<threadCount` and no two running
  ///   calls share it, so that it can index scratch memory.
  package func dynamic(
    _ count: Int, chunk: Int = 1, _ body: (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    guard count > 0 else { return }
    let step = max(chunk, 1)
    guard threadCount > 1, count > step, team.claim() else {
      for start in stride(from: 0, to: count, by: step) {
        body(start..<min(start + step, count), 0)
      }
      return
    }
    team.run { worker in
      team.share((count + step - 1) / step, as: worker) { chunk in
        body(chunk * step..<min((chunk + 1) * step, count), worker)
      }
    }
    team.release()
  }
}

/// What a new thread is told.
private final class ThreadStart {
  let team: ThreadTeam
  let worker: Int

  init(team: ThreadTeam, worker: Int) {
    self.team = team
    self.worker = worker
  }
}
