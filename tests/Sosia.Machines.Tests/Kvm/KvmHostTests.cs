using System;
using Sosia.Engines.Kvm;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Kvm;
using Xunit;

namespace Sosia.Machines.Tests.Kvm;

/// <summary>What is said of a host whose KVM is of no use; the bed's tests see the same on a real one.</summary>
public sealed class KvmHostTests
{
    [Theory]
    [InlineData(HostError.NoEntry, "there is no /dev/kvm")]
    [InlineData(HostError.AccessDenied, "may not be opened by this user (add the user to its group")]
    [InlineData(HostError.NotPermitted, "may not be opened by this user (add the user to its group")]
    [InlineData(HostError.NoDevice, "no driver behind it (load kvm_intel or kvm_amd)")]
    [InlineData(HostError.BadAddress, "/dev/kvm cannot be opened (")]
    public void A_device_that_cannot_be_opened_is_described_with_what_to_do(int error, string expected)
        => Assert.Contains(expected, KvmHost.WhyNotOpened(error), StringComparison.Ordinal);

    [Fact]
    public void A_KVM_with_everything_is_good_enough() => Assert.Null(KvmHost.WhyNot(12, static _ => 1));

    [Theory]
    [InlineData(10)]
    [InlineData(13)]
    public void A_KVM_of_another_interface_version_is_refused_with_both_versions(int version)
    {
        string? whyNot = KvmHost.WhyNot(version, static _ => throw new InvalidOperationException("Nothing else means anything then."));
        Assert.Contains($"version {version} of the interface, not 12", whyNot, StringComparison.Ordinal);
        Assert.Contains("Linux 4.11", whyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KvmCapability.UserMemory, "user memory")]
    [InlineData(KvmCapability.ImmediateExit, "immediate exit (Linux 4.11)")]
    public void An_old_KVM_is_refused_by_what_it_lacks(KvmCapability missing, string name)
        => Assert.Equal($"its KVM is too old: it lacks {name}", KvmHost.WhyNot(12, c => c == missing ? 0 : 1));
}
