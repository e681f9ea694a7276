using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Sosia.Theory.Host;

/// <summary>What the host's processor says of itself (SDM vol. 2, CPUID).</summary>
internal static class HostProcessor
{
    /// <summary>The vendor's twelve letters.</summary>
    public static string Vendor { get; } = ReadVendor();

    /// <summary>The model's name.</summary>
    public static string Name { get; } = ReadName();

    /// <summary>True for AMD's and Hygon's.</summary>
    public static bool IsAmd => Vendor is "AuthenticAMD" or "HygonGenuine";

    /// <summary>True when it is a virtual one, or says so.</summary>
    public static bool IsVirtual => Bit(X86Base.CpuId(1, 0).Ecx, 31);

    /// <summary>True when it announces UMIP.</summary>
    public static bool AnnouncesUmip => Bit(X86Base.CpuId(7, 0).Ecx, 2);

    /// <summary>True when it announces SMAP, and so CLAC and STAC.</summary>
    public static bool AnnouncesSmap => Bit(X86Base.CpuId(7, 0).Ebx, 20);

    /// <summary>True when it announces INVPCID.</summary>
    public static bool AnnouncesInvpcid => Bit(X86Base.CpuId(7, 0).Ebx, 10);

    /// <summary>True when it announces RDTSCP.</summary>
    public static bool AnnouncesRdtscp => Bit(X86Base.CpuId(unchecked((int)0x8000_0001), 0).Edx, 27);

    /// <summary>True when it announces RDFSBASE and its relatives.</summary>
    public static bool AnnouncesFsgsbase => Bit(X86Base.CpuId(7, 0).Ebx, 0);

    /// <summary>True when it announces XSAVE and its relatives, and XGETBV.</summary>
    public static bool AnnouncesXsave => Bit(X86Base.CpuId(1, 0).Ecx, 26);

    /// <summary>True when it announces XSAVEOPT.</summary>
    public static bool AnnouncesXsaveopt => AnnouncesXsave && Bit(X86Base.CpuId(0xd, 1).Eax, 0);

    /// <summary>True when it announces XSAVEC.</summary>
    public static bool AnnouncesXsavec => AnnouncesXsave && Bit(X86Base.CpuId(0xd, 1).Eax, 1);

    private static string ReadVendor()
    {
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0);
        return Text(ebx, edx, ecx);
    }

    private static string ReadName()
    {
        const int First = unchecked((int)0x8000_0002);
        if ((uint)X86Base.CpuId(unchecked((int)0x8000_0000), 0).Eax < unchecked((uint)First + 2))
        {
            return Vendor;
        }

        var name = new StringBuilder();
        for (int i = 0; i < 3; i++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(First + i, 0);
            name.Append(Text(eax, ebx, ecx, edx));
        }

        return name.ToString().Trim('\0', ' ');
    }

    private static string Text(params int[] words) => System.Text.Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>(words));

    private static bool Bit(int value, int bit) => ((value >> bit) & 1) != 0;
}
