using System.Runtime.CompilerServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Numbers of the requests that <c>/dev/kvm</c> and its descendants take (linux/kvm.h; Linux, Documentation/virt/kvm/api.rst).</summary>
internal static class KvmRequest
{
    public const uint GetApiVersion = 0xae00;
    public const uint CreateVm = 0xae01;
    public const uint CheckExtension = 0xae03;
    public const uint GetVcpuMappingSize = 0xae04;
    public const uint CreateVcpu = 0xae41;
    public const uint SetTssAddress = 0xae47;
    public const uint CreateIrqChip = 0xae60;
    public const uint Run = 0xae80;
    public const uint Nmi = 0xae9a;
    public const uint SetTscKilohertz = 0xaea2;
    public const uint GetTscKilohertz = 0xaea3;
    public const uint KvmClockControl = 0xaead;

    // Requests with a variable part behind a fixed head, whose size alone is in the number.
    public const uint GetMsrIndexList = ReadWrite | (4 << 16) | 0xae02;
    public const uint GetSupportedCpuid = ReadWrite | (8 << 16) | 0xae05;
    public const uint SetCpuid = Write | (8 << 16) | 0xae90;
    public const uint GetMsrs = ReadWrite | (8 << 16) | 0xae88;
    public const uint SetMsrs = Write | (8 << 16) | 0xae89;
    public const uint SetSignalMask = Write | (4 << 16) | 0xae8b;
    public const uint SetGsiRouting = Write | (8 << 16) | 0xae6a;
    public const uint SetMsrFilter = Write | (392 << 16) | 0xaec6;
    public const uint GetDirtyLog = Write | (16 << 16) | 0xae42;
    public const uint GetXsave = Read | (4096 << 16) | 0xaea4;
    public const uint SetXsave = Write | (4096 << 16) | 0xaea5;
    public const uint GetLocalApic = Read | (1024 << 16) | 0xae8e;
    public const uint SetLocalApic = Write | (1024 << 16) | 0xae8f;
    public const uint SetIdentityMapAddress = Write | (8 << 16) | 0xae48;
    public const uint Interrupt = Write | (4 << 16) | 0xae86;
    public const uint GetMpState = Read | (4 << 16) | 0xae98;
    public const uint SetMpState = Write | (4 << 16) | 0xae99;

    private const uint Write = 0x4000_0000;
    private const uint Read = 0x8000_0000;
    private const uint ReadWrite = Read | Write;

    /// <summary>A request that the kernel reads a structure from.</summary>
    public static uint ReadsFromUser<T>(uint number)
        where T : unmanaged
        => Write | ((uint)Unsafe.SizeOf<T>() << 16) | 0xae00 | number;

    /// <summary>A request that the kernel writes a structure for.</summary>
    public static uint WritesToUser<T>(uint number)
        where T : unmanaged
        => Read | ((uint)Unsafe.SizeOf<T>() << 16) | 0xae00 | number;

    /// <summary>A request with a structure that goes both ways.</summary>
    public static uint Exchanges<T>(uint number)
        where T : unmanaged
        => ReadWrite | ((uint)Unsafe.SizeOf<T>() << 16) | 0xae00 | number;
}
