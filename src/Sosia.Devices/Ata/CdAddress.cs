using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Ata;

/// <summary>Addresses on a compact disc: logical blocks, and minutes, seconds and frames from the start of the lead-in (MMC-5, 4.2.3.2).</summary>
internal static class CdAddress
{
    /// <summary>Bytes of user data in a sector.</summary>
    public const int DataByteCount = 2048;

    private const uint FramesPerSecond = 75;
    private const uint FramesPerMinute = 60 * FramesPerSecond;
    private const uint FirstFrame = 2 * FramesPerSecond;

    /// <summary>Writes an address as the four bytes of a reply.</summary>
    public static void Write(Span<byte> destination, uint block, bool isMsf)
    {
        if (!isMsf)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, block);
            return;
        }

        (byte minute, byte second, byte frame) = ToMsf(block);
        destination[0] = 0;
        destination[1] = minute;
        destination[2] = second;
        destination[3] = frame;
    }

    /// <summary>The minute (0 to 255, beyond which it ends), second and frame of a block.</summary>
    public static (byte Minute, byte Second, byte Frame) ToMsf(uint block)
    {
        ulong frames = (ulong)block + FirstFrame;
        return ((byte)Math.Min(frames / FramesPerMinute, 255), (byte)(frames / FramesPerSecond % 60), (byte)(frames % FramesPerSecond));
    }

    /// <summary>The block at a minute, second and frame; false before block 0 or for what is no time.</summary>
    public static bool TryFromMsf(byte minute, byte second, byte frame, out uint block)
    {
        uint frames = (minute * FramesPerMinute) + (second * FramesPerSecond) + frame;
        block = frames - FirstFrame;
        return second < 60 && frame < FramesPerSecond && frames >= FirstFrame;
    }
}
