"""Our grader inside a Gradescope autograder container.

output     a result as Gradescope's results.json
package    the zip file that an instructor uploads
container  what runs there for each submission

After Gradescope's "Autograder Specifications"; tried in a folder laid out as theirs,
not on their machines. Leaves out leaderboards and Gradescope's own late penalties.
"""
