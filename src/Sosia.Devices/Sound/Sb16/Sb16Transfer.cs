using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound.Sb16;

/// <summary>One transfer of the DSP: what its samples are, how many are left of the block, and what follows.</summary>
internal struct Sb16Transfer
{
    /// <summary>True while samples move, or wait for the DMA controller.</summary>
    public bool IsActive;

    /// <summary>True while software holds it.</summary>
    public bool IsPaused;

    /// <summary>True for samples of 16 bits.</summary>
    public bool Is16Bit;

    /// <summary>True for two channels.</summary>
    public bool IsStereo;

    /// <summary>True for samples around 0; else around the middle of the range.</summary>
    public bool IsSigned;

    /// <summary>True for a transfer that takes in.</summary>
    public bool IsInput;

    /// <summary>True for a transfer that goes round and round.</summary>
    public bool IsAutoInitialized;

    /// <summary>True for silence of a certain length, for which no data move.</summary>
    public bool IsSilence;

    /// <summary>True when it ends with the present block.</summary>
    public bool EndsWithBlock;

    /// <summary>Samples of all channels in a block.</summary>
    public int BlockSamples;

    /// <summary>How many of them are to come.</summary>
    public int SamplesLeft;

    /// <summary>True when samples move.</summary>
    public readonly bool IsRunning => IsActive && !IsPaused;

    /// <summary>Bytes of the samples of one moment.</summary>
    public readonly int FrameByteCount => (Is16Bit ? 2 : 1) * (IsStereo ? 2 : 1);

    /// <summary>What one sample is, in 16 bits around 0.</summary>
    public readonly int Decode(ReadOnlySpan<byte> frame, int channel)
    {
        if (!Is16Bit)
        {
            byte value = frame[channel];
            return (IsSigned ? (sbyte)value : value - 128) << 8;
        }

        int wide = frame[2 * channel] | (frame[(2 * channel) + 1] << 8);
        return IsSigned ? (short)wide : wide - 0x8000;
    }

    /// <summary>Fills in what an input without anything connected gives.</summary>
    public readonly void FillSilence(Span<byte> frame)
    {
        frame.Clear();
        if (IsSigned)
        {
            return;
        }

        for (int i = Is16Bit ? 1 : 0; i < frame.Length; i += Is16Bit ? 2 : 1)
        {
            frame[i] = 0x80;
        }
    }

    public readonly void Save(SnapshotWriter writer)
    {
        writer.Write("transfer.active", IsActive);
        writer.Write("transfer.paused", IsPaused);
        writer.Write("transfer.wide", Is16Bit);
        writer.Write("transfer.stereo", IsStereo);
        writer.Write("transfer.signed", IsSigned);
        writer.Write("transfer.input", IsInput);
        writer.Write("transfer.auto", IsAutoInitialized);
        writer.Write("transfer.silence", IsSilence);
        writer.Write("transfer.ends", EndsWithBlock);
        writer.Write("transfer.block", BlockSamples);
        writer.Write("transfer.left", SamplesLeft);
    }

    public void Restore(SnapshotReader reader)
    {
        IsActive = reader.ReadBoolean("transfer.active");
        IsPaused = reader.ReadBoolean("transfer.paused");
        Is16Bit = reader.ReadBoolean("transfer.wide");
        IsStereo = reader.ReadBoolean("transfer.stereo");
        IsSigned = reader.ReadBoolean("transfer.signed");
        IsInput = reader.ReadBoolean("transfer.input");
        IsAutoInitialized = reader.ReadBoolean("transfer.auto");
        IsSilence = reader.ReadBoolean("transfer.silence");
        EndsWithBlock = reader.ReadBoolean("transfer.ends");
        BlockSamples = Math.Clamp(reader.ReadInt32("transfer.block"), 1, 0x1_0000);
        SamplesLeft = Math.Clamp(reader.ReadInt32("transfer.left"), 1, 0x1_0000);
    }
}
