using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>User-visible registers as the native thunk and the emulated CPU exchange them.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct OracleState
{
    /// <summary>RAX … R15 in encoding order.</summary>
    public fixed ulong Gpr[16];

    /// <summary>RFLAGS; only the arithmetic flags and DF are taken from it.</summary>
    public ulong Rflags;

    /// <summary>The host's stack pointer while the guest's registers are loaded.</summary>
    public ulong SavedRsp;

    /// <summary>Offset and selector of the far jump to 32-bit code.</summary>
    public ulong FarTarget;

    /// <summary>Aligns <see cref="Fx"/> to 64 bytes.</summary>
    public fixed ulong Padding[5];

    /// <summary>FXSAVE image: x87 or MMX registers, XMM registers, FCW, FSW, FTW, MXCSR.</summary>
    public fixed byte Fx[512];

    /// <summary>The host's own FXSAVE image meanwhile.</summary>
    public fixed byte HostFx[512];

    /// <summary>The upper halves of YMM0–YMM15; meaningful where the host has AVX.</summary>
    public fixed ulong YmmHigh[32];

    /// <summary>Writes an FXSAVE image with everything in its power-on state: control words default, registers empty and 0.</summary>
    public void ResetFx()
    {
        fixed (byte* fx = Fx)
        {
            for (int i = 0; i < 512; i++)
            {
                fx[i] = 0;
            }

            *(ushort*)fx = 0x37f;
            *(uint*)(fx + 24) = 0x1f80;
            *(uint*)(fx + 28) = 0xffff;
        }
    }
}
