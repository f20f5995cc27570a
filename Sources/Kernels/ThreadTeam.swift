internal import CKernels
internal import Glibc
internal import Synchronization

/// What the threads of a pool share.
///
/// A loop is open while it has work to hand out. Whoever joins it until then takes part; who comes
/// later waits for the next.
///
/// `@unchecked`: `loop` is written while no loop is open and nobody takes part in one; the condition
/// is touched with `mutex` held.
final class ThreadTeam: @unchecked Sendable {
  private let threads: Int
  /// For each thread, how much of its part of the loop is handed out; a cache line each.
  private let taken: UnsafeMutablePointer<Atomic<Int>>
  private static let line = 128 / MemoryLayout<Atomic<Int>>.stride
  private let isBusy = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  private let door = Atomic<Int>(0)
  /// Threads that joined the loop and are done with it.
  private let finished = Atomic<Int>(0)
  private var loop: UnsafePointer<kern_loop>?
  private let sleepers = Atomic<Int>(0)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// What `door` says: which loop it is, whether it is open, and how many joined.
  private struct Door {
    var word: Int
    var loop: Int { word >> 20 }
    var isOpen: Bool { word & Self.open != 0 }
    var joined: Int { word & (Self.open - 1) }
    static let open = 1 << 19
    /// The next loop, open, with nobody in it.
    var following: Door { Door(word: (loop &+ 1) << 20 | Self.open) }
  }

  /// Looks at a condition before a thread goes to sleep; 20 to 100 µs.
  private static let patience = 2_000

  init(threads: Int) {
    self.threads = threads
    taken = .allocate(capacity: threads * Self.line)
    for index in 0..<threads * Self.line { (taken + index).initialize(to: Atomic(0)) }
    mutex.initialize(to: pthread_mutex_t())
    wake.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  deinit {
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    wake.deallocate()
    mutex.deallocate()
    taken.deinitialize(count: threads * Self.line)
    taken.deallocate()
  }

  /// Whether the team was free and now belongs to the caller.
  func claim() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func release() { isBusy.store(false, ordering: .releasing) }

  /// Runs `body` with 0 on this thread and with their numbers on others that are in time for it;
  /// each of them takes its `share`.
  func run(_ body: (Int) -> Void) {
    lendLoop(body, Unmanaged.passUnretained(self).toOpaque()) { loop, owner in
      Unmanaged<ThreadTeam>.fromOpaque(owner).takeUnretainedValue().run(loop)
    }
  }

  private func run(_ body: UnsafePointer<kern_loop>) {
    for thread in 0..<threads { taken[thread * Self.line].store(0, ordering: .relaxed) }
    finished.store(0, ordering: .relaxed)
    loop = body
    door.store(Door(word: door.load(ordering: .relaxed)).following.word, ordering: .releasing)
    wakeSleepers()
    kern_run_loop(body, 0)
    let joined = Door(
      word: door.bitwiseAnd(~Door.open, ordering: .acquiringAndReleasing).oldValue
    ).joined
    wait { finished.load(ordering: .acquiring) == joined }
    loop = nil
  }

  /// Calls `body` with some of `0..<count`, until all are handed out: first with those of this
  /// thread's part, so that what one loop wrote the next finds in the same cache.
  func share(_ count: Int, as worker: Int, _ body: (Int) -> Void) {
    for step in 0..<threads {
      let owner = (worker + step) % threads
      let end = count * (owner + 1) / threads
      while true {
        let index =
          count * owner / threads
          + taken[owner * Self.line].wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < end else { break }
        body(index)
      }
    }
  }

  /// Takes part in loops as they come, until `stop`.
  func work(as worker: Int) {
    var last = 0
    while true {
      wait {
        let door = Door(word: door.load(ordering: .relaxed))
        return door.isOpen && door.loop != last || isStopping.load(ordering: .acquiring)
      }
      if isStopping.load(ordering: .acquiring) { return }
      let seen = Door(word: door.load(ordering: .relaxed))
      guard seen.isOpen, seen.loop != last,
        door.compareExchange(
          expected: seen.word, desired: seen.word + 1, ordering: .acquiring
        ).exchanged
      else { continue }
      last = seen.loop
      if let loop { kern_run_loop(loop, worker) }
      finished.wrappingAdd(1, ordering: .releasing)
      wakeSleepers()
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    wakeSleepers()
  }

  private func wait(until isDone: () -> Bool) {
    for _ in 0..<Self.patience {
      if isDone() { return }
      kern_relax()
    }
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .relaxed)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    while !isDone() { pthread_cond_wait(wake, mutex) }
    sleepers.wrappingSubtract(1, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }

  /// Called after a condition changed. Either the sleeper is seen here, or it sees the change; the
  /// mutex is free once it sleeps.
  private func wakeSleepers() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .relaxed) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }
}

/// Takes a closure apart and calls `use` with it, while the closure still lives: what
/// `withoutActuallyEscaping` does without the box that it allocates.
@_silgen_name("kern_lend_loop")
private func lendLoop(
  _ body: (Int) -> Void, _ owner: UnsafeMutableRawPointer,
  _ use: @convention(c) (UnsafePointer<kern_loop>, UnsafeMutableRawPointer) -> Void)
