internal import CKernels

/// The processors that this process may run on, as `taskset` or a container leaves them.
package enum AllowedProcessors {
  package static let count = Int(kern_allowed_processors())
}
