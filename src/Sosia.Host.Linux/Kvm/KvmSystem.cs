using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary><c>/dev/kvm</c>: what the host's KVM can do, and where virtual machines come from.</summary>
public sealed unsafe partial class KvmSystem : KvmDescriptor
{
    /// <summary>The device.</summary>
    public const string Path = "/dev/kvm";

    /// <summary>The version of the interface that has been stable since Linux 2.6.22.</summary>
    public const int ApiVersion = 12;

    private const int ReadWriteCloexec = 2 | 0x80000;
    private const int TooBig = 7;
    private const int MaxCpuidEntries = 256;

    private KvmSystem(int fileDescriptor)
        : base(fileDescriptor)
    {
    }

    /// <summary>Opens the device.</summary>
    /// <param name="error">The error number when it cannot be opened.</param>
    /// <returns>Null when it cannot be opened.</returns>
    public static KvmSystem? TryOpen(out int error)
    {
        int descriptor = Open(Path, ReadWriteCloexec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new KvmSystem(descriptor);
    }

    /// <summary>Asks for the version of the interface; see <see cref="ApiVersion"/>.</summary>
    public int GetApiVersion() => Ask(KvmRequest.GetApiVersion);

    /// <summary>Asks what it can do.</summary>
    /// <returns>0 for nothing; else 1, or what the capability's description says.</returns>
    public int Check(KvmCapability capability) => Math.Max(0, TryAsk(KvmRequest.CheckExtension, (nint)capability));

    /// <summary>The CPUID answers that the host's processor and KVM allow.</summary>
    public KvmCpuidEntry[] GetSupportedCpuid()
    {
        for (int count = 64; ; count *= 2)
        {
            byte[] buffer = new byte[8 + (count * sizeof(KvmCpuidEntry))];
            fixed (byte* pointer = buffer)
            {
                // SAFETY: the kernel writes at most as many entries as the head says there is room for, then sets it to their number.
                *(uint*)pointer = (uint)count;
                int result = TryAsk(KvmRequest.GetSupportedCpuid, (nint)pointer);
                if (result >= 0)
                {
                    return new ReadOnlySpan<KvmCpuidEntry>(pointer + 8, (int)*(uint*)pointer).ToArray();
                }

                if (result != -TooBig || count > MaxCpuidEntries)
                {
                    throw new Win32Exception(-result);
                }
            }
        }
    }

    /// <summary>The model-specific registers that can be read and written from outside.</summary>
    public uint[] GetMsrIndexes()
    {
        uint count = 0;
        // SAFETY: with room for none the kernel only says how many there are.
        _ = TryAsk(KvmRequest.GetMsrIndexList, (nint)(&count));
        uint[] buffer = new uint[count + 1];
        fixed (uint* pointer = buffer)
        {
            // SAFETY: the kernel writes at most as many numbers as the head says there is room for.
            pointer[0] = count;
            Ask(KvmRequest.GetMsrIndexList, (nint)pointer);
        }

        return buffer[1..];
    }

    /// <summary>Creates a virtual machine without memory and processors.</summary>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    public KvmVm CreateVm() => new(Ask(KvmRequest.CreateVm), Ask(KvmRequest.GetVcpuMappingSize));

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);
}
