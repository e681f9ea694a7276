using Sosia.Core;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Nvme;

/// <summary>A ring of completions.</summary>
internal sealed class NvmeCompletionQueue
{
    public bool Exists { get; set; }

    public ulong Base { get; set; }

    /// <summary>How many entries it has.</summary>
    public uint Size { get; set; }

    public uint Head { get; set; }

    public uint Tail { get; set; }

    /// <summary>The phase tag of new entries; changes at every turn of the ring.</summary>
    public bool Phase { get; set; }

    public bool IsInterrupting { get; set; }

    public int Vector { get; set; }

    public bool IsFull => (Tail + 1) % Size == Head;

    public bool IsEmpty => Tail == Head;

    public void Create(ulong address, uint size, int vector, bool isInterrupting)
    {
        Exists = true;
        Base = address;
        Size = size;
        Head = Tail = 0;
        Phase = true;
        Vector = vector;
        IsInterrupting = isInterrupting;
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "exists", Exists);
        writer.Write(prefix + "base", Base);
        writer.Write(prefix + "size", Size);
        writer.Write(prefix + "head", Head);
        writer.Write(prefix + "tail", Tail);
        writer.Write(prefix + "phase", Phase);
        writer.Write(prefix + "isInterrupting", IsInterrupting);
        writer.Write(prefix + "vector", Vector);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        Exists = reader.ReadBoolean(prefix + "exists");
        Base = reader.ReadUInt64(prefix + "base");
        Size = reader.ReadUInt32(prefix + "size");
        Head = reader.ReadUInt32(prefix + "head");
        Tail = reader.ReadUInt32(prefix + "tail");
        Phase = reader.ReadBoolean(prefix + "phase");
        IsInterrupting = reader.ReadBoolean(prefix + "isInterrupting");
        Vector = reader.ReadInt32(prefix + "vector");
        if (Exists && (Head >= Size || Tail >= Size || Vector is < 0 or >= NvmeController.VectorCount))
        {
            throw new SosiaException("The snapshot is damaged: an NVMe completion queue makes no sense.");
        }
    }
}
