using System;
using System.Runtime.InteropServices;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Kvm;

namespace Sosia.Engines.Kvm;

/// <summary>Finds out whether this host has a KVM that the engine can use.</summary>
internal static class KvmHost
{
    // Without any of these there is no engine; all have been there since Linux 3.x.
    private static readonly (KvmCapability Capability, string Name)[] Needed =
    [
        (KvmCapability.UserMemory, "user memory"), (KvmCapability.VcpuEvents, "vCPU events"), (KvmCapability.DebugRegisters, "debug registers"),
        (KvmCapability.Xsave, "XSAVE state"), (KvmCapability.Xcrs, "XCR0"), (KvmCapability.ImmediateExit, "immediate exit (Linux 4.11)"),
    ];

    /// <summary>Opens the device.</summary>
    /// <param name="whyNot">Why it cannot be used, in words that follow "because"; null when it can.</param>
    /// <returns>Null when it cannot be used.</returns>
    public static KvmSystem? TryOpen(out string? whyNot)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            whyNot = "its KVM runs other processors than x86-64";
            return null;
        }

        KvmSystem? system = KvmSystem.TryOpen(out int error);
        if (system is null)
        {
            whyNot = WhyNotOpened(error);
            return null;
        }

        whyNot = WhyNot(system.GetApiVersion(), system.Check);
        if (whyNot is null)
        {
            return system;
        }

        system.Dispose();
        return null;
    }

    /// <summary>Why the device could not be opened.</summary>
    /// <param name="error">The kernel's error number.</param>
    internal static string WhyNotOpened(int error) => error switch
    {
        HostError.NoEntry => $"there is no {KvmSystem.Path} (no virtualization in the processor, or it is not passed on to this virtual machine or container)",
        HostError.AccessDenied or HostError.NotPermitted => $"{KvmSystem.Path} may not be opened by this user (add the user to its group, usually 'kvm')",
        HostError.NoDevice or HostError.NoSuchDeviceOrAddress => $"{KvmSystem.Path} has no driver behind it (load kvm_intel or kvm_amd)",
        _ => $"{KvmSystem.Path} cannot be opened ({HostError.Describe(error)})",
    };

    /// <summary>Why a KVM that was opened is of no use.</summary>
    /// <param name="apiVersion">The version of its interface.</param>
    /// <param name="check">Asks it for a capability; 0 when it lacks it.</param>
    /// <returns>Null when it can be used.</returns>
    internal static string? WhyNot(int apiVersion, Func<KvmCapability, int> check)
    {
        if (apiVersion != KvmSystem.ApiVersion)
        {
            return $"its KVM speaks version {apiVersion} of the interface, not {KvmSystem.ApiVersion}: the kernel is too old (Linux 4.11 or newer is needed)";
        }

        foreach ((KvmCapability capability, string name) in Needed)
        {
            if (check(capability) == 0)
            {
                return $"its KVM is too old: it lacks {name}";
            }
        }

        return null;
    }
}
