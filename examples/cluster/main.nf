// A sweep as a job array under Nextflow: parts, then one report.
//
//   nextflow run examples/cluster/main.nf --sweep $PWD/scenarios/sweeps/timing_dli_dose.yaml --out $PWD/results/timing --jobs 50
//
// All parts write into one folder that every node sees, each into a store of its own; a part that is run again computes only
// what is missing, so `errorStrategy 'retry'` costs nothing twice. Paths are absolute: tasks run in folders of their own.

nextflow.enable.dsl = 2

params.sweep = "$launchDir/scenarios/sweeps/timing_dli_dose.yaml"
params.out = "$launchDir/results/timing"
params.jobs = 50
params.program = 'transplant-twin'

process PART {
    cpus 1
    memory '1 GB'
    time '2h'
    errorStrategy 'retry'
    maxRetries 2

    input:
    val part

    output:
    val part

    script:
    """
    ${params.program} sweep ${params.sweep} --out ${params.out} --shard ${part}/${params.jobs} --workers ${task.cpus} --quiet
    """
}

process REPORT {
    cpus 1

    input:
    val parts

    script:
    """
    ${params.program} sweep ${params.sweep} --out ${params.out} --resume --workers ${task.cpus} --quiet
    ${params.program} analyze ${params.out} --quiet
    """
}

workflow {
    REPORT(PART(Channel.of(1..params.jobs)).collect())
}
