using System.Collections.Generic;

namespace Sosia.Engines.Kvm;

/// <summary>What was found out about the host's KVM.</summary>
/// <param name="ApiVersion">The version of the interface.</param>
/// <param name="Capabilities">What it can do, and how much of it; 0 for not at all.</param>
/// <param name="Module">The kernel module that does it, such as "kvm_amd"; null when it cannot be told.</param>
/// <param name="IsHardware">True when the processor announces virtualization (VMX or SVM).</param>
/// <param name="Hypervisor">The signature of the hypervisor that this host itself runs under; null when there is none.</param>
/// <param name="Speed">How fast it runs guest code.</param>
public sealed record KvmReport(
    int ApiVersion, IReadOnlyList<(string Name, int Value)> Capabilities, string? Module, bool IsHardware, string? Hypervisor, KvmSpeed Speed)
{
    /// <summary>True when the guest's supervisor code is emulated in software: the engine works then, but the recompiler is faster.</summary>
    public bool IsSoftware => Speed.IsRing0Slow;
}
