using System;
using System.Collections.Generic;

namespace Sosia.Theory;

/// <summary>Examines rows one after the other; the outcomes' buffers are used for all of them.</summary>
internal sealed class RowExamination
{
    // How many trials more than asked for a row gets while it has not completed where completing decides.
    private const int PatienceFactor = 24;

    // How many trials more than asked for a sensitive row gets while user states have not shown what supervisor states have.
    private const int SensitiveFactor = 8;

    private readonly IClassifiableIsa _isa;
    private readonly ClassifierOptions _options;
    private readonly WitnessWriter _writer;
    private readonly Outcome _supervisor;
    private readonly Outcome _user;
    private readonly Outcome _other;
    // The sets of resources that are changed together for the trial at hand.
    private readonly ulong[] _resources = new ulong[4];
    private readonly Dictionary<(Sensitivity Kind, bool IsUser), Witness> _witnesses = [];
    private int _states;
    private int _supervisorCompletions;
    private int _userCompletions;
    private int _withheldCompletions;
    private bool _dependsOnTime;
    private bool _isUsersTurn;

    /// <summary>Creates an examination.</summary>
    public RowExamination(IClassifiableIsa isa, ClassifierOptions options)
    {
        _isa = isa;
        _options = options;
        _writer = new WitnessWriter(isa);
        _supervisor = isa.CreateOutcome();
        _user = isa.CreateOutcome();
        _other = isa.CreateOutcome();
    }

    /// <summary>How many instructions were executed.</summary>
    public long Executions { get; private set; }

    /// <summary>Examines a row; the result depends on nothing but the row, the seed and the number of states.</summary>
    public RowVerdict Examine(IsaRow row)
    {
        Forget();
        // Each row has a sequence of its own, so that a new row changes nothing for the others.
        var random = new Random((int)((((uint)_options.Seed * 0x9e37_79b1) + ((uint)row.Id * 0x85eb_ca77)) & int.MaxValue));
        for (int attempt = 0; _states < _options.StatesPerRow && attempt < 20 * _options.StatesPerRow; attempt++)
        {
            if (_isa.Generate(row, random) is { } trial)
            {
                _states++;
                Compare(trial, random);
            }
        }

        for (int extra = 0; (LacksCompletions || LacksEscapes) && extra < PatienceFactor * _options.StatesPerRow; extra++)
        {
            if (_isa.Generate(row, random) is { } trial && Completes(trial))
            {
                Compare(trial, random);
            }
        }

        // What shows in supervisor mode alone, so far, may show in user mode in another state: theorem 3 hangs on that.
        for (int extra = 0; LacksUserProof && extra < SensitiveFactor * _options.StatesPerRow; extra++)
        {
            if (_isa.Generate(row, random) is { } trial)
            {
                Compare(trial, random);
            }
        }

        return Judge(row);
    }

    private void Forget()
    {
        _witnesses.Clear();
        _states = 0;
        _supervisorCompletions = 0;
        _userCompletions = 0;
        _withheldCompletions = 0;
        _dependsOnTime = false;
        _isUsersTurn = false;
    }

    private RowVerdict Judge(IsaRow row)
    {
        Sensitivity all = Sensitivity.None;
        Sensitivity user = Sensitivity.None;
        var witnesses = new List<Witness>();
        foreach (Sensitivity kind in (ReadOnlySpan<Sensitivity>)[Sensitivity.Control, Sensitivity.Mode, Sensitivity.Location, Sensitivity.Resource])
        {
            bool isUser = _witnesses.TryGetValue((kind, true), out Witness? witness);
            if (isUser || _witnesses.TryGetValue((kind, false), out witness))
            {
                all |= kind;
                user |= isUser ? kind : Sensitivity.None;
                witnesses.Add(witness!);
            }
        }

        UserTraps traps = _userCompletions == 0 ? UserTraps.Always : _withheldCompletions == 0 ? UserTraps.WhenWithheld : UserTraps.No;
        return new RowVerdict
        {
            Row = row,
            // A row that traps in either mode, always, is not privileged: in supervisor mode, too, it does nothing but trap.
            Class = traps == UserTraps.Always && _supervisorCompletions > 0 ? InstructionClass.Privileged
                : all == Sensitivity.None ? InstructionClass.Innocuous
                : traps == UserTraps.WhenWithheld ? InstructionClass.Withholdable
                : InstructionClass.Unprivileged,
            Sensitivity = all,
            UserSensitivity = user,
            Traps = traps,
            DependsOnTime = _dependsOnTime,
            States = _states,
            SupervisorCompletions = _supervisorCompletions,
            UserCompletions = _userCompletions,
            Witnesses = witnesses,
        };
    }

    // An instruction that wants something particular completes in few states, and shows little in few.
    private bool LacksCompletions => _supervisorCompletions < _options.StatesPerRow * 3 / 4;

    // Before a sensitive row is said to trap always, it is looked for a state in which it does not.
    private bool LacksEscapes => _withheldCompletions == 0 && _witnesses.Count > 0;

    private bool LacksUserProof => _userCompletions > 0
        && (IsHalfProven(Sensitivity.Control) || IsHalfProven(Sensitivity.Location) || IsHalfProven(Sensitivity.Resource));

    private bool IsHalfProven(Sensitivity kind) => !IsNew(kind, isUser: false) && IsNew(kind, isUser: true);

    // Whether a trial brings what is still missing.
    private bool Completes(Trial trial)
    {
        if (LacksCompletions && Execute(trial, new Variant(ProcessorMode.Supervisor), _other).Kind == OutcomeKind.Completed)
        {
            return true;
        }

        return LacksEscapes && Execute(trial, new Variant(ProcessorMode.User, IsWithheld: true), _other).Kind == OutcomeKind.Completed;
    }

    private void Compare(Trial trial, Random random)
    {
        _resources[0] = AllOf(_isa.ResourceAspects.Count);
        for (int i = 1; i < _resources.Length; i++)
        {
            _resources[i] = RandomSubset(random, _isa.ResourceAspects.Count);
        }

        Execute(trial, new Variant(ProcessorMode.Supervisor), _supervisor);
        Execute(trial, new Variant(ProcessorMode.User), _user);
        _supervisorCompletions += _supervisor.Kind == OutcomeKind.Completed ? 1 : 0;
        _userCompletions += _user.Kind == OutcomeKind.Completed ? 1 : 0;
        if (Execute(trial, new Variant(ProcessorMode.User, IsWithheld: true), _other).Kind == OutcomeKind.Completed)
        {
            _withheldCompletions++;
            // Completing there is completing in user mode.
            _userCompletions = Math.Max(_userCompletions, 1);
        }

        CompareModes(trial);
        NoteControl(trial, _supervisor, isUser: false);
        NoteControl(trial, _user, isUser: true);
        // Where both modes complete, they take turns.
        bool bothComplete = _supervisor.Kind == OutcomeKind.Completed && _user.Kind == OutcomeKind.Completed;
        _isUsersTurn = !_isUsersTurn;
        if (!bothComplete || !_isUsersTurn)
        {
            ExamineAlone(trial, ProcessorMode.Supervisor, _supervisor);
        }

        if (!bothComplete || _isUsersTurn)
        {
            ExamineAlone(trial, ProcessorMode.User, _user);
        }
    }

    private void CompareModes(Trial trial)
    {
        bool differs = _supervisor.Counts && _user.Counts && !(_supervisor.LooksLike(_user) && _supervisor.ChangesLike(_user));
        if (differs && IsNew(Sensitivity.Mode, isUser: false))
        {
            Add(_writer.Pair(Sensitivity.Mode, trial, _supervisor, _user, _isa.DescribeMode(ProcessorMode.Supervisor), _isa.DescribeMode(ProcessorMode.User)), isUser: false);
        }
    }

    private void NoteControl(Trial trial, Outcome outcome, bool isUser)
    {
        if (outcome.ChangesControl && IsNew(Sensitivity.Control, isUser))
        {
            Add(_writer.Control(trial, outcome), isUser);
        }
    }

    // What can be seen without leaving a mode.
    private void ExamineAlone(Trial trial, ProcessorMode mode, Outcome outcome)
    {
        bool isUser = mode == ProcessorMode.User;
        if (!outcome.Counts)
        {
            return;
        }

        if (IsNew(Sensitivity.Location, isUser))
        {
            ulong location = AllOf(_isa.LocationAspects.Count);
            if (DiffersInLocation(trial, outcome, mode, location))
            {
                location = Minimize(location, mask => DiffersInLocation(trial, outcome, mode, mask));
                DiffersInLocation(trial, outcome, mode, location);
                Add(_writer.Location(trial, outcome, _other, location), isUser);
            }
        }

        if (outcome.Kind == OutcomeKind.Completed)
        {
            foreach (ulong subset in _resources)
            {
                if (IsNew(Sensitivity.Resource, isUser) && DiffersInResources(trial, outcome, mode, subset))
                {
                    ulong resources = Minimize(subset, mask => DiffersInResources(trial, outcome, mode, mask));
                    DiffersInResources(trial, outcome, mode, resources);
                    Add(_writer.Resources(trial, outcome, _other, resources), isUser);
                }
            }

            _dependsOnTime = _dependsOnTime
                || (Execute(trial, new Variant(mode, IsLater: true), _other).Kind == OutcomeKind.Completed && !outcome.LooksLike(_other));
        }
    }

    private bool DiffersInLocation(Trial trial, Outcome outcome, ProcessorMode mode, ulong location)
        => Execute(trial, new Variant(mode, Location: location), _other).Counts && !outcome.LooksLike(_other);

    // A trap in one of the two is how a control program hears of an instruction that needs what it has withheld: as with memory traps, only
    // results that differ in silence count.
    private bool DiffersInResources(Trial trial, Outcome outcome, ProcessorMode mode, ulong resources)
        => Execute(trial, new Variant(mode, Resources: resources), _other).Kind == OutcomeKind.Completed && !outcome.LooksLike(_other);

    private Outcome Execute(Trial trial, in Variant variant, Outcome outcome)
    {
        Executions++;
        _isa.Execute(trial, variant, outcome);
        return outcome;
    }

    private bool IsNew(Sensitivity kind, bool isUser) => !_witnesses.ContainsKey((kind, isUser));

    private void Add(Witness witness, bool isUser) => _witnesses.Add((witness.Kind, isUser), witness with { IsUser = isUser });

    // Leaves out of a difference between two states what does not matter.
    private static ulong Minimize(ulong mask, Predicate<ulong> stillDiffers)
    {
        for (int i = 0; i < 64; i++)
        {
            ulong without = mask & ~(1UL << i);
            if (without != mask && without != 0 && stillDiffers(without))
            {
                mask = without;
            }
        }

        return mask;
    }

    private static ulong AllOf(int count) => count == 64 ? ulong.MaxValue : (1UL << count) - 1;

    private static ulong RandomSubset(Random random, int count)
    {
        // A quarter of everything, or one thing alone: a right that is withheld would hide what else matters.
        ulong mask = (ulong)random.NextInt64() & (ulong)random.NextInt64();
        return (random.Next(4) == 0 ? 1UL << random.Next(count) : mask | (1UL << random.Next(count))) & AllOf(count);
    }
}
