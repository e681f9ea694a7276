using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Vga;

/// <summary>
/// Every register of the adapter and the state of its small state machines, as plain data: the adapter has one, and a picture is made from a copy
/// of it (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem").
/// </summary>
internal sealed class VgaState
{
    public const int SequencerCount = 8;
    public const int GraphicsCount = 16;
    public const int CrtcCount = 0x20;
    public const int AttributeCount = 0x20;
    public const int PaletteByteCount = 768;
    public const int DispiCount = 16;

    /// <summary>Indexed by 3C4h.</summary>
    public byte[] Sequencer { get; } = new byte[SequencerCount];

    /// <summary>Indexed by 3CEh.</summary>
    public byte[] Graphics { get; } = new byte[GraphicsCount];

    /// <summary>Indexed by 3D4h.</summary>
    public byte[] Crtc { get; } = new byte[CrtcCount];

    /// <summary>Indexed by 3C0h: 16 palette registers, then mode, overscan, plane enable, panning, colour select.</summary>
    public byte[] Attribute { get; } = new byte[AttributeCount];

    /// <summary>256 colours of red, green, blue; 6 or 8 bits of each byte count.</summary>
    public byte[] Palette { get; } = new byte[PaletteByteCount];

    /// <summary>The extension's registers, indexed by 1CEh.</summary>
    public ushort[] Dispi { get; } = new ushort[DispiCount];

    public byte MiscOutput { get; set; }

    public byte FeatureControl { get; set; }

    public byte SequencerIndex { get; set; }

    public byte GraphicsIndex { get; set; }

    public byte CrtcIndex { get; set; }

    public byte AttributeIndex { get; set; }

    public bool AttributeIsData { get; set; }

    public byte PelMask { get; set; }

    public byte PaletteReadIndex { get; set; }

    public byte PaletteWriteIndex { get; set; }

    /// <summary>Which of the three colours the next access of 3C9h means.</summary>
    public byte PaletteReadPart { get; set; }

    public byte PaletteWritePart { get; set; }

    public byte PaletteFirst { get; set; }

    public byte PaletteSecond { get; set; }

    public bool PaletteReads { get; set; }

    public ushort DispiIndex { get; set; }

    /// <summary>What the last read of the window left in the four planes' latches.</summary>
    public uint Latches { get; set; }

    public bool IsDispiEnabled => (Dispi[DispiRegister.Enable] & DispiRegister.Enabled) != 0;

    public bool IsGraphics => (Graphics[6] & 1) != 0;

    /// <summary>A word built from a low byte and up to two bits of the overflow registers.</summary>
    public int VerticalDisplayEnd => Crtc[0x12] | ((Crtc[7] & 2) << 7) | ((Crtc[7] & 0x40) << 3);

    public int LineCompare => Crtc[0x18] | ((Crtc[7] & 0x10) << 4) | ((Crtc[9] & 0x40) << 3);

    /// <summary>Power-on.</summary>
    public void Clear()
    {
        Array.Clear(Sequencer);
        Array.Clear(Graphics);
        Array.Clear(Crtc);
        Array.Clear(Attribute);
        Array.Clear(Palette);
        Array.Clear(Dispi);
        MiscOutput = FeatureControl = SequencerIndex = GraphicsIndex = CrtcIndex = AttributeIndex = 0;
        AttributeIsData = PaletteReads = false;
        PelMask = 0xff;
        PaletteReadIndex = PaletteWriteIndex = PaletteReadPart = PaletteWritePart = PaletteFirst = PaletteSecond = 0;
        DispiIndex = 0;
        Latches = 0;
        Dispi[DispiRegister.Id] = DispiRegister.Version5;
    }

    /// <summary>Copies what is visible on the screen.</summary>
    /// <returns>True when it differed.</returns>
    public bool CopyVisibleFrom(VgaState other)
    {
        bool differs = MiscOutput != other.MiscOutput || PelMask != other.PelMask || AttributeIndex != other.AttributeIndex;
        MiscOutput = other.MiscOutput;
        PelMask = other.PelMask;
        AttributeIndex = other.AttributeIndex;
        differs |= Copy<byte>(other.Sequencer, Sequencer);
        differs |= Copy<byte>(other.Graphics, Graphics);
        differs |= Copy<byte>(other.Crtc, Crtc);
        differs |= Copy<byte>(other.Attribute, Attribute);
        differs |= Copy<byte>(other.Palette, Palette);
        differs |= Copy<ushort>(other.Dispi, Dispi);
        return differs;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("sequencer", Sequencer);
        writer.Write("graphics", Graphics);
        writer.Write("crtc", Crtc);
        writer.Write("attribute", Attribute);
        writer.Write("palette", Palette);
        for (int i = 0; i < DispiCount; i++)
        {
            writer.Write($"dispi{i}", Dispi[i]);
        }

        writer.Write("misc", MiscOutput);
        writer.Write("feature", FeatureControl);
        writer.Write("sequencer.index", SequencerIndex);
        writer.Write("graphics.index", GraphicsIndex);
        writer.Write("crtc.index", CrtcIndex);
        writer.Write("attribute.index", AttributeIndex);
        writer.Write("attribute.data", AttributeIsData);
        writer.Write("pel-mask", PelMask);
        writer.Write("palette.read", PaletteReadIndex);
        writer.Write("palette.write", PaletteWriteIndex);
        writer.Write("palette.read-part", PaletteReadPart);
        writer.Write("palette.write-part", PaletteWritePart);
        writer.Write("palette.first", PaletteFirst);
        writer.Write("palette.second", PaletteSecond);
        writer.Write("palette.reads", PaletteReads);
        writer.Write("dispi.index", DispiIndex);
        writer.Write("latches", Latches);
    }

    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("sequencer", Sequencer);
        reader.ReadBytes("graphics", Graphics);
        reader.ReadBytes("crtc", Crtc);
        reader.ReadBytes("attribute", Attribute);
        reader.ReadBytes("palette", Palette);
        for (int i = 0; i < DispiCount; i++)
        {
            Dispi[i] = reader.ReadUInt16($"dispi{i}");
        }

        MiscOutput = reader.ReadByte("misc");
        FeatureControl = reader.ReadByte("feature");
        SequencerIndex = reader.ReadByte("sequencer.index");
        GraphicsIndex = reader.ReadByte("graphics.index");
        CrtcIndex = reader.ReadByte("crtc.index");
        AttributeIndex = reader.ReadByte("attribute.index");
        AttributeIsData = reader.ReadBoolean("attribute.data");
        PelMask = reader.ReadByte("pel-mask");
        PaletteReadIndex = reader.ReadByte("palette.read");
        PaletteWriteIndex = reader.ReadByte("palette.write");
        PaletteReadPart = (byte)(reader.ReadByte("palette.read-part") % 3);
        PaletteWritePart = (byte)(reader.ReadByte("palette.write-part") % 3);
        PaletteFirst = reader.ReadByte("palette.first");
        PaletteSecond = reader.ReadByte("palette.second");
        PaletteReads = reader.ReadBoolean("palette.reads");
        DispiIndex = reader.ReadUInt16("dispi.index");
        Latches = reader.ReadUInt32("latches");
    }

    private static bool Copy<T>(T[] from, T[] to)
        where T : unmanaged, IEquatable<T>
    {
        bool differs = !from.AsSpan().SequenceEqual(to);
        from.CopyTo(to, 0);
        return differs;
    }
}
