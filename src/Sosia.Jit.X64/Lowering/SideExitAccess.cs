namespace Sosia.Jit.X64.Lowering;

/// <summary>An access to guest memory whose TLB entry did not match: it can be tried again once the entry is there.</summary>
/// <param name="Address">The host register that holds the linear address.</param>
/// <param name="ByteCount">How many bytes.</param>
/// <param name="IsWrite">Whether the memory is written.</param>
/// <param name="Retry">Execute address of the access's first host instruction.</param>
public readonly record struct SideExitAccess(Gpr Address, int ByteCount, bool IsWrite, long Retry);
